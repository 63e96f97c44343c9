import { describe, expect, it } from 'vitest';
import { afterAnswer, type FleetNode } from '../../../src/clients/console/src/overview/fleet.ts';
import { totalsOf } from '../../../src/clients/console/src/overview/totals.ts';
import { aNode, fleetAfter, NOW, STATUS } from './fleet-samples.ts';

const names = ({ nodes }: { readonly nodes: readonly FleetNode[] }): string[] =>
  nodes.map(({ report: { name }, goneAt }) => (goneAt === undefined ? name : `${name} is gone`));

describe('the nodes as a page of the console knows them', () => {
  it('keep what a node answered last, and when, while it is silent', () => {
    const { nodes } = fleetAfter([aNode('a', { status: { slow: 7 } })], [aNode('a', { status: null })]);
    expect(nodes).toMatchObject([{ isSilent: true, status: { slow: 7 }, statusAt: NOW - 1_000 }]);
  });

  it('show a node that is gone for ten minutes, in its place, since when it was missed first', () => {
    const gone = fleetAfter([aNode('a'), aNode('b')], [aNode('b')], [aNode('b')]);
    expect(names(gone)).toEqual(['a is gone', 'b']);
    expect(gone.nodes[0]?.goneAt).toBe(NOW - 1_000);
    expect(names(afterAnswer(gone, [aNode('b')], NOW + 598_000))).toEqual(['a is gone', 'b']);
    expect(names(afterAnswer(gone, [aNode('b')], NOW + 599_000))).toEqual(['b']);
  });

  it('have no node that is gone beside the one of its name that was started again', () => {
    const again = aNode('a', { since: '2026-01-15T10:29:00Z' });
    expect(fleetAfter([aNode('a')], [again]).nodes).toMatchObject([{ report: again, goneAt: undefined }]);
  });

  it('show both of two nodes with one name', () => {
    expect(names(fleetAfter([aNode('a'), aNode('a', { since: '2026-01-15T10:29:00Z' })]))).toEqual([
      'a',
      'a',
    ]);
  });

  it('tell how many deliveries were dropped since that began, and forget it a minute after it ended', () => {
    const dropping = (droppedSlow: number) =>
      aNode('a', { status: { deliveries: { norn: { delivered: 0, conflated: 0, droppedSlow } } } });
    const fleet = fleetAfter([dropping(5)], [dropping(7)], [dropping(7)], [dropping(10)]);
    expect(fleet.nodes[0]?.drops).toEqual({ at: NOW, count: 5 });
    const later = afterAnswer(fleet, [dropping(10)], NOW + 59_000);
    expect(later.nodes[0]?.drops).toEqual({ at: NOW, count: 5 });
    expect(afterAnswer(later, [dropping(10)], NOW + 60_000).nodes[0]?.drops).toBeUndefined();
  });

  it('count nothing as dropped that was dropped before the page was opened', () => {
    const deliveries = { norn: { delivered: 0, conflated: 0, droppedSlow: 9 } };
    expect(fleetAfter([aNode('a', { status: { deliveries } })]).nodes[0]?.drops).toBeUndefined();
  });
});

describe('the totals of a hub', () => {
  it('are the sums of the nodes; but each node hears every event, and the slowest one counts', () => {
    const fleet = fleetAfter([
      aNode('a', { eventsPerSecond: 10, p99Ms: 3, lagMs: 9 }),
      aNode('b', { eventsPerSecond: 12, p99Ms: 5, lagMs: 6, status: { connections: { norn: 8 } } }),
    ]);
    expect(totalsOf(fleet)).toMatchObject({
      nodes: 2,
      connections: 8,
      dialects: [
        ['norn', 9],
        ['native', 3],
      ],
      eventsPerSecond: 12,
      deliveriesPerSecond: 60,
      p99Ms: 5,
      lagMs: 9,
      memoryBytes: 2 * STATUS.memoryBytes,
    });
  });

  it('leave out nodes that are gone', () => {
    expect(totalsOf(fleetAfter([aNode('a'), aNode('b')], [aNode('b')]))).toMatchObject({
      nodes: 1,
      connections: 4,
    });
  });
});
