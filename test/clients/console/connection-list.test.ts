import { describe, expect, it } from 'vitest';
import { isOfKind } from '../../../src/clients/console/src/connections/connection.ts';
import { ConnectionList } from '../../../src/clients/console/src/connections/connection-list.ts';
import { countsOf } from '../../../src/clients/console/src/connections/counts.ts';
import { HeldRows } from '../../../src/clients/console/src/connections/held-rows.ts';
import {
  nextSorting,
  parseSorting,
  sorted,
  writeSorting,
} from '../../../src/clients/console/src/connections/sorting.ts';
import { connectionOf, eventOf } from './connections.ts';

const [A, B, C] = [connectionOf('a'), connectionOf('b'), connectionOf('c')];
const idsOf = (list: ConnectionList): string[] => [...list.values()].map(({ Id }) => Id);

describe('the list of connections', () => {
  it('has what the hub listed, and then follows the events', () => {
    const list = new ConnectionList();
    list.beginRead();
    list.replace([A, B], '5-0');
    list.apply(eventOf('connections.create', C, { id: '6-0' }));
    list.apply(eventOf('connections.delete', { ...A, Reason: 'gone' }, { id: '7-0' }));
    expect(idsOf(list)).toEqual(['b', 'c']);
    expect(list.ended('a')?.Reason).toBe('gone');
  });

  it('does not go back to what events tell of the time before the list', () => {
    const list = new ConnectionList();
    list.beginRead();
    list.replace([A], '5-0');
    list.apply(eventOf('connections.create', B, { id: '5-0' }));
    list.apply(eventOf('connections.delete', A, { id: '4-9' }));
    expect(idsOf(list)).toEqual(['a']);
  });

  it('believes an event that came while the answer was on its way more than the answer', () => {
    const list = new ConnectionList();
    list.replace([A], '1-0');
    list.beginRead();
    list.apply(eventOf('connections.create', B));
    list.apply(eventOf('connections.delete', A));
    list.replace([A], '2-0');
    expect(idsOf(list)).toEqual(['b']);
  });

  it('loses what a later list does not have', () => {
    const list = new ConnectionList();
    list.replace([A, B], '1-0');
    list.beginRead();
    list.replace([B], '2-0');
    expect(idsOf(list)).toEqual(['b']);
  });

  it('takes newer records of those that are there, and loses those that have none', () => {
    const list = new ConnectionList();
    list.replace([A, B], '1-0');
    list.refresh(['a', 'b'], [{ ...B, Patterns: ['x.*.*'] }, C]);
    expect(idsOf(list)).toEqual(['b']);
    expect(list.get('b')?.Patterns).toEqual(['x.*.*']);
  });

  it('leaves out kinds that are not wanted, also when a connection becomes one of them', () => {
    const list = new ConnectionList((each) => isOfKind(each, { anonymous: false, rest: false }));
    list.replace([A, connectionOf('x', { Type: 'api' })], '1-0');
    list.apply(eventOf('connections.create', connectionOf('y', { Principal: 'unknown' })));
    expect(idsOf(list)).toEqual(['a']);
    list.apply(eventOf('connections.update', { ...A, Principal: 'unknown' }));
    expect(idsOf(list)).toEqual([]);
  });
});

describe('the rows of the table', () => {
  const BY_ID = { column: 'address', isDescending: false } as const;
  const everyone = (): boolean => true;

  it('keep their places while connections come and go, and say how many did', () => {
    const list = new ConnectionList();
    const rows = new HeldRows();
    list.replace([A, C], '1-0');
    rows.arrange(list, everyone, BY_ID, { goesOn: false, now: 0 });
    list.apply(eventOf('connections.create', B));
    list.apply(eventOf('connections.delete', { ...A, Reason: 'gone' }));
    expect(rows.now(list).map(({ connection, state }) => [connection.Id, state])).toEqual([
      ['a', 'gone'],
      ['c', 'here'],
    ]);
    expect(rows.waiting(list, everyone)).toEqual({ came: 1, left: 1 });
    const arranged = rows.arrange(list, everyone, BY_ID, { goesOn: true, now: 1_000 });
    expect(arranged.map(({ connection, state }) => [connection.Id, state])).toEqual([
      ['b', 'new'],
      ['c', 'here'],
    ]);
    expect(rows.waiting(list, everyone)).toEqual({ came: 0, left: 0 });
    const later = (now: number) => rows.arrange(list, everyone, BY_ID, { goesOn: true, now })[0]?.state;
    expect([later(5_999), later(6_000)]).toEqual(['new', 'here']);
  });

  it('are the same objects where nothing changed', () => {
    const list = new ConnectionList();
    const rows = new HeldRows();
    list.replace([A, B], '1-0');
    const before = rows.arrange(list, everyone, BY_ID, { goesOn: false, now: 0 });
    expect(rows.now(list)).toBe(before);
    list.refresh(['a'], [{ ...A, Patterns: ['x.*.*'] }]);
    const after = rows.now(list);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });
});

describe('the order of connections', () => {
  it('compares the numbers in addresses as numbers', () => {
    const some = ['10.0.0.10:80', '10.0.0.9:8080', '10.0.0.9:80'].map((RemoteAddr) =>
      connectionOf(RemoteAddr, { RemoteAddr }),
    );
    const order = sorted(some, { column: 'address', isDescending: false });
    expect(order.map(({ RemoteAddr }) => RemoteAddr)).toEqual([
      '10.0.0.9:80',
      '10.0.0.9:8080',
      '10.0.0.10:80',
    ]);
  });

  it('puts the one that has been slow longest first, and those that no node told of last', () => {
    const of = (id: string, LaggingSince: string | null) =>
      connectionOf(id, { Deliveries: { Delivered: 1, Dropped: 0, Queued: 0, QueuedBytes: 0, LaggingSince } });
    const some = [
      A,
      of('quick', null),
      of('short', '2026-11-27T10:00:05Z'),
      of('long', '2026-11-27T10:00:00Z'),
    ];
    const order = sorted(some, { column: 'lag', isDescending: true });
    expect(order.map(({ Id }) => Id)).toEqual(['long', 'short', 'quick', 'a']);
  });

  it('turns with a second click, and is the newest first where the address says nothing', () => {
    const byNode = nextSorting(parseSorting(null), 'node');
    expect(writeSorting(parseSorting(null))).toBe('-since');
    expect(writeSorting(byNode)).toBe('node');
    expect(writeSorting(nextSorting(byNode, 'node'))).toBe('-node');
    expect(parseSorting('-dropped')).toEqual({ column: 'dropped', isDescending: true });
  });
});

it('the counts are those of each dialect and node, the largest first', () => {
  const counts = countsOf([
    A,
    B,
    connectionOf('x', { Type: 'api', Dialect: '', Node: 'n2', Principal: 'user:bob' }),
  ]);
  expect(counts).toEqual({
    total: 3,
    principals: 2,
    dialects: [
      { value: 'native', count: 2 },
      { value: 'api', count: 1 },
    ],
    nodes: [
      { value: 'n1', count: 2 },
      { value: 'n2', count: 1 },
    ],
  });
});
