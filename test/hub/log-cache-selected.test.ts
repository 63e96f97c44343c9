import { describe, expect, it } from 'vitest';
import { LogCache } from '../../src/hub/log-cache.ts';
import { compareCursors, START, type Cursor } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { ManualClock } from '../support/clock.ts';
import { anEvent } from '../support/connection.ts';

const MIB = 1024 * 1024;
const SUBSCRIPTIONS = [{ name: 'd', pattern: Pattern.parse('deploy.*.*'), filters: [] }];

/** A log that counts what is read of it, and a node that remembers no event, only how far it got. */
function start() {
  const entries: HubEvent[] = [];
  let read = 0;
  let failure: Error | undefined;
  const history = {
    async *after(cursor: Cursor) {
      if (failure !== undefined) throw failure;
      for (const event of entries) {
        if (compareCursors(event.id ?? '', cursor) <= 0) continue;
        read++;
        yield event;
      }
    },
    page: never,
    retained: never,
    tail: never,
  };
  const clock = new ManualClock();
  const cache = new LogCache({ shard: 0, history, clock, maxBytes: 64 * MIB });
  return {
    cache,
    clock,
    append: (id: Cursor, { type = 'deploy', size = 1 } = {}): void => {
      const previous = cache.recent.to;
      entries.push(anEvent({ id, previous, type, action: 'step', key: 'shop', size }));
      // The node has delivered the event, and remembers only how far it has got.
      cache.startAt(id);
    },
    since: async (from: Cursor) => (await cache.selected(SUBSCRIPTIONS, from)).events.map(({ id }) => id),
    takeRead: () => [read, (read = 0)][0],
    beginAnew: () => {
      entries.length = 0;
      cache.startAt(START);
    },
    fail: (error?: Error) => void (failure = error),
  };
}

async function never(): Promise<never> {
  throw new Error('Nothing else of the log is read.');
}

describe('the selected events of the last minute', () => {
  it('are those that the subscriptions admit after a position, each read once for all readers', async () => {
    const { append, since, takeRead } = start();
    for (const id of ['1-0', '2-0', '3-0']) append(id);
    append('3-1', { type: 'machines' });
    const asked = [since('1-0'), since('1-0'), since('2-0')];
    expect(await Promise.all(asked)).toEqual([['2-0', '3-0'], ['2-0', '3-0'], ['3-0']]);
    expect(takeRead()).toBe(3);
    append('4-0');
    expect(await since('2-0')).toEqual(['3-0', '4-0']);
    expect(takeRead()).toBe(1);
  });

  it('hold nothing of an earlier log, after one began anew with lower ids', async () => {
    const { append, beginAnew, since } = start();
    append('100-0');
    expect(await since('50-0')).toEqual(['100-0']);
    beginAnew();
    append('60-0');
    expect(await since('50-0')).toEqual(['60-0']);
  });

  it('are empty after a quiet time, and then hold all new ones', async () => {
    const { append, since } = start();
    append('1-0');
    expect(await since('50-0')).toEqual([]);
    append('60-0');
    expect(await since('55-0')).toEqual(['60-0']);
  });

  it('are the latest 32 MiB and 10,000 events at most', async () => {
    const { append, since } = start();
    for (let n = 1; n <= 20; n++) append(`${n}-0`, { size: 1024 * 1024 });
    expect(await since('0-0')).toEqual(Array.from({ length: 15 }, (_, n) => `${n + 6}-0`));
    for (let n = 21; n <= 25_000; n++) append(`${n}-0`);
    const ids = await since('0-0');
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([10_000, '15001-0', '25000-0']);
  });

  it('are given to the next reader, though the log could not be read for the one before', async () => {
    const { append, fail, since } = start();
    append('1-0');
    fail(new Error('away'));
    await expect(since('0-0')).rejects.toThrow('away');
    fail();
    expect(await since('0-0')).toEqual(['1-0']);
  });

  it('are forgotten, and read again, when nobody asked for a minute', async () => {
    const { append, cache, clock, since, takeRead } = start();
    append('1-0');
    await since('0-0');
    clock.advance(59_000);
    await since('0-0');
    expect(takeRead()).toBe(1);
    clock.advance(60_000);
    expect(cache.bytes).toBeLessThan(2_000);
    expect(await since('0-0')).toEqual(['1-0']);
    expect(takeRead()).toBe(1);
  });
});
