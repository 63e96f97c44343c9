import { describe, expect, it } from 'vitest';
import type { Gap, HubEvent } from '../../../src/clients/sdk/item.ts';
import { ItemQueue } from '../../../src/clients/sdk/queue.ts';

function event(key: string, id: string): HubEvent {
  return { id, time: '', type: 'a', action: 'b', key, object: null, text: '' };
}

function all(queue: ItemQueue): unknown[] {
  const items: unknown[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take())
    items.push(item.gap ?? `${item.key} ${item.id}`);
  return items;
}

const LOST: Gap = { from: '1-0', to: '5-0', reason: 'trimmed' };

describe('the full queue of a listener', () => {
  it('has no room with the policy close', () => {
    const queue = new ItemQueue(2, 'close');
    expect(['1', '2', '3'].map((n) => queue.push(event(n, `${n}-0`)))).toEqual([true, true, false]);
    expect(all(queue)).toEqual(['1 1-0', '2 2-0']);
  });

  it('has no room until what leaves events out is loaded, so that no event is lost meanwhile', async () => {
    const queue = new ItemQueue(1, 'drop-oldest');
    expect(['1', '2'].map((n) => queue.push(event(n, `${n}-0`)))).toEqual([true, false]);
    await queue.load();
    expect(queue.push(event('2', '2-0'))).toBe(true);
    expect(all(queue)).toEqual([{ from: null, to: '1-0', reason: 'slow', dropped: 1 }, '2 2-0']);
  });

  it('leaves out the oldest event and reports a gap with the policy drop-oldest', async () => {
    const queue = new ItemQueue(2, 'drop-oldest');
    await queue.load();
    queue.push(event('0', '0-1'));
    queue.take();
    for (const n of ['1', '2', '3', '4']) expect(queue.push(event(n, `${n}-0`))).toBe(true);
    expect(all(queue)).toEqual([{ from: '0-1', to: '2-0', reason: 'slow', dropped: 2 }, '3 3-0', '4 4-0']);
    expect(queue.taken).toBe('4-0');
  });

  it('leaves out an event that a later one of the same key replaces with the policy latest-per-key', async () => {
    const queue = new ItemQueue(2, 'latest-per-key');
    await queue.load();
    for (const [key, id] of [
      ['x', '1-0'],
      ['y', '2-0'],
      ['x', '3-0'],
    ] as const)
      expect(queue.push(event(key, id))).toBe(true);
    expect(queue.push(event('z', '4-0'))).toBe(false);
    expect(all(queue)).toEqual([{ from: null, to: '1-0', reason: 'slow', dropped: 1 }, 'y 2-0', 'x 3-0']);
  });

  it('has no room when it holds only gaps, so that the event is sent again later', async () => {
    const queue = new ItemQueue(1, 'drop-oldest');
    await queue.load();
    queue.tellGap(LOST);
    expect(queue.push(event('1', '6-0'))).toBe(false);
    expect(all(queue)).toEqual([LOST]);
  });
});

it('consecutive gaps in the queue of a listener are one gap', () => {
  const queue = new ItemQueue(1, 'close');
  queue.tellGap(LOST);
  queue.tellGap({ from: '7-0', to: '9-0', reason: 'log lost' });
  expect(all(queue)).toEqual([{ from: '1-0', to: '9-0', reason: 'log lost' }]);
  expect(queue.taken).toBe('9-0');
});
