import { describe, expect, it } from 'vitest';
import { withHub } from '../../../src/clients/cli/command.ts';
import { toldObjects, type Told } from '../../../src/sources/kubernetes/told-objects.ts';
import { startNode, type TestNode } from '../../support/node.ts';

interface Published {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly at?: string;
  readonly name?: string;
}

/** Publishes what a source would have published. */
async function publish(node: TestNode, events: readonly Published[]): Promise<void> {
  const body = events.map(({ at, name = 'kubernetes', ...event }) => ({
    ...event,
    object: { name: event.key, spec: {} },
    metadata: at === undefined ? {} : { source: { name, unit: 'any', at, n: 0 } },
  }));
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(204);
}

async function told(node: TestNode, type: string): Promise<Told> {
  const token = await node.token();
  return withHub({ url: node.url, token }, (session) => toldObjects(session, type, 'kubernetes'));
}

describe('what a source told last', () => {
  it('is read from the latest values of the hub, without what was deleted, and without what others published', async () => {
    const node = await startNode();
    await publish(node, [
      { type: 'cluster', action: 'added', key: 'a', at: 'uid-a/5' },
      { type: 'cluster', action: 'added', key: 'b', at: 'uid-b/6' },
      { type: 'cluster', action: 'updated', key: 'a', at: 'uid-a/7' },
      { type: 'cluster', action: 'deleted', key: 'b', at: 'uid-b/8' },
      { type: 'cluster', action: 'added', key: 'c' },
      { type: 'cluster', action: 'added', key: 'd', at: 'uid-d/9', name: 'another source' },
    ]);
    expect(await told(node, 'cluster')).toEqual({
      objects: new Map([['a', { uid: 'uid-a', resourceVersion: '7' }]]),
      from: 'values',
    });
  });

  it.each(['deployments', 'nodes', 'events'])(
    'is read from the log where the hub keeps no latest values, as of %s',
    async (type) => {
      const node = await startNode();
      await publish(node, [
        { type, action: 'added', key: 'n/a', at: 'uid-a/5' },
        { type, action: 'added', key: 'n/b', at: 'uid-b/6' },
        { type, action: 'updated', key: 'n/a', at: 'uid-a/7' },
        { type, action: 'deleted', key: 'n/b', at: 'uid-b/8' },
        { type, action: 'other', key: 'n/c', at: 'uid-c/9' },
      ]);
      expect(await told(node, type)).toEqual({
        objects: new Map([['n/a', { uid: 'uid-a', resourceVersion: '7' }]]),
        from: 'log',
      });
    },
  );

  it('is read from the latest values of any type for which a rule keeps them', async () => {
    const node = await startNode({ BELFRY_RETENTION: '[{"pattern":"deployments.*.*","latest":true}]' });
    await publish(node, [{ type: 'deployments', action: 'added', key: 'n/a', at: 'uid-a/5' }]);
    expect((await told(node, 'deployments')).from).toBe('values');
  });
});
