import { describe, expect, it } from 'vitest';
import type { EventPage, History } from '../../src/broker/broker.ts';
import { LogCache } from '../../src/hub/log-cache.ts';
import type { Cursor } from '../../src/model/cursor.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { ManualClock } from '../support/clock.ts';
import { anEvent, TestBroker } from '../support/connection.ts';

const MIB = 1024 * 1024;

/** A cache of 32 MiB over a log of which only pages are read. */
function cacheOver(history: Pick<History, 'page'>, clock = new ManualClock()): LogCache {
  const broker = Object.assign(new TestBroker(), history);
  return new LogCache({ shard: 0, history: broker, clock, maxBytes: 32 * MIB });
}

/** A page of one event of 1 MiB, which takes 2 MiB. */
async function largePage(after: Cursor): Promise<EventPage> {
  const id = `${Number.parseInt(after, 10) + 1}-0`;
  return { events: [anEvent({ id, size: MIB })], to: id, isLast: false };
}

describe('the pages of a log cache', () => {
  it('are bounded in bytes, those used last stay, and all are forgotten half a minute after the last use', async () => {
    const clock = new ManualClock();
    let read = 0;
    const page = async (after: string) => {
      read++;
      const id = `${Number.parseInt(after, 10) + 1}-0`;
      return { events: [anEvent({ id, size: MIB })], to: id, isLast: false };
    };
    const cache = cacheOver({ page }, clock);
    const empty = cache.bytes;
    for (let n = 0; n < 100; n++) await cache.page(`${n}-0`, false);
    expect(read).toBe(100);
    expect(cache.bytes).toBeGreaterThan(25 * MIB);
    expect(cache.bytes).toBeLessThanOrEqual(32 * MIB);
    await cache.page('99-0', false);
    expect(read).toBe(100);
    await cache.page('0-0', false);
    expect(read).toBe(101);
    clock.advance(29_000);
    await cache.page('99-0', false);
    clock.advance(29_000);
    expect(cache.bytes).toBeGreaterThan(empty);
    clock.advance(2_000);
    expect(cache.bytes).toBe(empty);
  });

  it('are read once for all readers that want the same one at the same time, and again after that failed', async () => {
    let read = 0;
    const page = async (): Promise<never> => {
      read++;
      throw new Error('away');
    };
    const cache = cacheOver({ page });
    const asked = [1, 2, 3].map(() => cache.page('0-0', false));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
    ]);
    expect(read).toBe(1);
    await expect(cache.page('0-0', false)).rejects.toThrow('away');
    expect(read).toBe(2);
  });

  it('are forgotten when the log begins anew, those included that are being read then', async () => {
    let read = 0;
    const pages: (() => void)[] = [];
    const page = async (after: Cursor): Promise<EventPage> => {
      read++;
      await new Promise<void>((resolve) => void pages.push(resolve));
      return largePage(after);
    };
    const cache = cacheOver({ page });
    cache.startAt('9-0');
    const before = cache.page('3-0', false);
    cache.startAt('8-0');
    const after = cache.page('3-0', false);
    expect(read).toBe(2);
    pages[0]?.();
    await before;
    const next = cache.page('3-0', false);
    pages[1]?.();
    expect(await next).toBe(await after);
    expect(await cache.page('3-0', false)).toBe(await after);
    expect(read).toBe(2);
    cache.startAt('7-0');
    void cache.page('3-0', false);
    expect(read).toBe(3);
  });
});

describe('a log cache', () => {
  it('never takes more bytes than are set, and gives up what clients read before it gives up recent events', async () => {
    const maxBytes = 14 * MIB;
    const broker = Object.assign(new TestBroker(), { page: largePage });
    const cache = new LogCache({ shard: 0, history: broker, clock: new ManualClock(), maxBytes });
    await broker.start((event) => {
      cache.push(event);
      return false;
    });
    const empty = cache.bytes;
    for (let n = 1; n <= 5; n++) await cache.page(`${n}-0`, false);
    expect(cache.bytes - empty).toBeGreaterThan(10 * MIB);
    for (let n = 1; n <= 2; n++) broker.append({ size: MIB });
    const all = [{ name: 'all', pattern: Pattern.parse('*.*.*'), filters: [] }];
    await cache.selected(all, '0-0');
    // Two events, the same two selected, and the two pages for which there is room beside those.
    expect(cache.bytes).toBeGreaterThan(12 * MIB);
    expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    for (let n = 3; n <= 9; n++) {
      broker.append({ size: MIB });
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
      expect(cache.recent.covers(`${n - Math.min(n, 3)}-0`)).toBe(true);
    }
  });
});
