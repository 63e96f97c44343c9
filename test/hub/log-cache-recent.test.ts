import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deliver } from '../../src/broker/broker.ts';
import { LogCache } from '../../src/hub/log-cache.ts';
import { START } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { ManualClock } from '../support/clock.ts';
import { anEvent, cacheOf, startHub, TestBroker } from '../support/connection.ts';
import { isForgotten } from '../support/garbage.ts';
import { runs } from '../support/runs.ts';

const logged = (n: number, previous: number, size = 100): HubEvent =>
  anEvent({ id: `${n}-0`, previous: `${previous}-0`, size });
const MIB = 1024 * 1024;

/** A cache in which the latest events have room for so many bytes. */
function cacheWith(recentMaxBytes = 32 * MIB): LogCache {
  return new LogCache({
    shard: 0,
    history: new TestBroker(),
    clock: new ManualClock(),
    maxBytes: 2 * recentMaxBytes,
  });
}

const ids = ({ recent }: LogCache, cursor: string): (string | undefined)[] =>
  recent.after(cursor).map(({ id }) => id);

function pushed(cache: LogCache, n: number, size: number): HubEvent {
  const event = logged(n, n - 1, size);
  cache.push(event);
  return event;
}

function filled(
  count: number,
  { recentMaxBytes, size }: { recentMaxBytes?: number; size?: number } = {},
): LogCache {
  const cache = cacheWith(recentMaxBytes);
  for (let n = 1; n <= count; n++) cache.push(logged(n, n - 1, size));
  return cache;
}

describe('the recent events of a node', () => {
  it('give everything after a position that they cover', () => {
    const cache = filled(5);
    expect(ids(cache, START)).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
    expect(ids(cache, '3-0')).toEqual(['4-0', '5-0']);
    expect(ids(cache, '3-7')).toEqual(['4-0', '5-0']);
    expect(ids(cache, '5-0')).toEqual([]);
    expect(cache.recent.to).toBe('5-0');
  });

  it('cover the positions from the one before their oldest event up to their last, and no other', () => {
    const cache = filled(5, { recentMaxBytes: cacheOf(3) / 2 });
    expect(['1-0', '2-0', '2-1', '5-0', '5-1'].map((cursor) => cache.recent.covers(cursor))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('cover the position where the node began, before any event came', () => {
    const cache = cacheWith();
    cache.startAt('7-0');
    expect(cache.recent.covers('7-0')).toBe(true);
    expect(cache.recent.covers('6-0')).toBe(false);
    expect(cache.recent.covers('8-0')).toBe(false);
    expect(cache.recent.after('7-0')).toEqual([]);
  });

  it('begin anew after a gap', () => {
    const cache = filled(3);
    cache.push(logged(9, 8));
    expect(cache.recent.covers('3-0')).toBe(false);
    expect(cache.recent.covers('8-0')).toBe(true);
    expect(ids(cache, '8-0')).toEqual(['9-0']);
  });

  it('do not hold an event that is not in the log', () => {
    const cache = filled(2);
    cache.push(anEvent());
    expect(cache.recent.to).toBe('2-0');
    expect(ids(cache, START)).toHaveLength(2);
  });

  it('take at most the bytes that are set, and hold the last event however large it is', () => {
    const cache = filled(40, { size: MIB });
    // Each event counts for twice the length of its JSON, and for the objects that hold it.
    expect(ids(cache, '25-0')).toHaveLength(15);
    expect(cache.recent.covers('24-0')).toBe(false);
    cache.push(logged(41, 40, 100 * 1024 * 1024));
    expect(ids(cache, '40-0')).toEqual(['41-0']);
    expect(cache.recent.covers('39-0')).toBe(false);
  });

  it('keep no reference to an event that they have dropped, even if only few and large ones came', async () => {
    const cache = cacheWith();
    const gone = new WeakRef(pushed(cache, 1, 12 * 1024 * 1024));
    const kept = new WeakRef(pushed(cache, 2, 12 * 1024 * 1024));
    expect(await isForgotten(gone)).toBe(true);
    expect(await isForgotten(kept)).toBe(false);
    expect(cache.recent.to).toBe('2-0');
  });

  it('hold no event where no bytes are set for them', () => {
    const cache = filled(5, { recentMaxBytes: 0 });
    expect(cache.recent.covers('5-0')).toBe(true);
    expect(cache.recent.covers('4-0')).toBe(false);
    expect(cache.recent.after('5-0')).toEqual([]);
  });

  it('hold the same as a list that is cut at every event', () => {
    const bound = fc.constantFrom(0, 1, 5 * MIB, 32 * MIB);
    const pushes = fc.array(fc.record({ gap: fc.nat({ max: 6 }), size: fc.nat(8) }), { maxLength: 40 });
    fc.assert(
      fc.property(bound, pushes, (maxBytes, steps) => {
        const cache = cacheWith(maxBytes);
        let kept: { id: number; previous: number; bytes: number }[] = [];
        let last = 0;
        for (const { gap, size } of steps) {
          const previous = gap === 6 ? last + 2 : last;
          const id = previous + 1;
          const bytes = size * 1024 * 1024;
          cache.push(logged(id, previous, bytes));
          kept = [...(previous === last ? kept : []), { id, previous, bytes }];
          if (maxBytes === 0) kept = [];
          while (
            kept.length > 1 &&
            kept.reduce((sum, event) => sum + 2 * event.bytes + 512, 1_024) > maxBytes
          ) {
            kept.shift();
          }
          last = id;
          const start = kept[0]?.previous ?? last;
          for (let cursor = 0; cursor <= last + 1; cursor++) {
            expect(cache.recent.covers(`${cursor}-0`)).toBe(cursor >= start && cursor <= last);
            if (cursor < start || cursor > last) continue;
            expect(ids(cache, `${cursor}-0`)).toEqual(
              kept.filter((event) => event.id > cursor).map((event) => `${event.id}-0`),
            );
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('a hub that starts', () => {
  it('has the position after which the broker began to deliver', async () => {
    const { hub, broker } = await startHub();
    expect(hub.eventLog.position).toBe(START);
    broker.append();
    expect(hub.eventLog.position).toBe('1-0');
  });

  it('forgets nothing that was delivered before the broker had said where it began', async () => {
    class EagerBroker extends TestBroker {
      override async start(deliver: Deliver): Promise<void> {
        deliver(anEvent({ id: '6-0', previous: '5-0' }));
      }

      override async follow(): Promise<string> {
        return '5-0';
      }
    }
    const { hub } = await startHub({ broker: new EagerBroker() });
    expect(hub.eventLog.position).toBe('6-0');
    expect(hub.eventLog.lanes.first.cache.recent.after('5-0')).toHaveLength(1);
  });
});
