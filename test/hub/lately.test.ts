import { describe, expect, it } from 'vitest';
import { Lately } from '../../src/hub/lately.ts';
import { Recent } from '../../src/hub/recent.ts';
import { Stats } from '../../src/hub/stats.ts';
import { compareCursors, type Cursor } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';

const SUBSCRIPTIONS = [{ name: 'd', pattern: Pattern.parse('deploy.*.*'), filters: [] }];

/** A log that counts what is read of it, and a node that remembers nothing of it but how far it got. */
function start() {
  const entries: HubEvent[] = [];
  const stats = new Stats();
  let recent = new Recent(0);
  let read = 0;
  const append = (id: Cursor, { type = 'deploy', size = 1 } = {}): void => {
    const previous = recent.position;
    const event: HubEvent = {
      id,
      previous,
      time: '2025-01-15T10:30:00Z',
      type,
      action: 'step',
      key: 'shop',
      object: null,
      size,
    };
    entries.push(event);
    recent.push(event);
  };
  const log = {
    stats,
    get recent() {
      return recent;
    },
    history: {
      async *after(cursor: Cursor) {
        for (const event of entries) {
          if (compareCursors(event.id ?? '', cursor) <= 0) continue;
          read++;
          yield event;
        }
      },
      retained: async () => ({ events: [], cursor: '0-0' }),
    },
  };
  const lately = new Lately(log, SUBSCRIPTIONS);
  return {
    append,
    since: async (from: Cursor) => (await lately.since(from)).events.map(({ id }) => id),
    takeRead: () => [read, (read = 0)][0],
    beginAnew: () => {
      entries.length = 0;
      recent = new Recent(0);
    },
    log,
  };
}

describe('what the log told lately', () => {
  it('is what the subscriptions admit after a place, each read once, whoever asks', async () => {
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

  it('is nothing of a log that began anew, numbered from the past', async () => {
    const { append, beginAnew, since } = start();
    append('100-0');
    expect(await since('50-0')).toEqual(['100-0']);
    beginAnew();
    append('60-0');
    expect(await since('50-0')).toEqual(['60-0']);
  });

  it('is nothing where nothing was told for so long, and again all of what comes then', async () => {
    const { append, since } = start();
    append('1-0');
    expect(await since('50-0')).toEqual([]);
    append('60-0');
    expect(await since('55-0')).toEqual(['60-0']);
  });

  it('is 32 MiB of what they take and 10,000 events at most, the latest', async () => {
    const { append, since } = start();
    for (let n = 1; n <= 20; n++) append(`${n}-0`, { size: 1024 * 1024 });
    expect(await since('0-0')).toEqual(Array.from({ length: 15 }, (_, n) => `${n + 6}-0`));
    for (let n = 21; n <= 25_000; n++) append(`${n}-0`);
    const ids = await since('0-0');
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([10_000, '15001-0', '25000-0']);
  });

  it('is told to the next who asks, though the log could not be read for the one before', async () => {
    const { append, log, since } = start();
    append('1-0');
    const { history } = log;
    log.history = {
      ...history,
      after: () => {
        throw new Error('away');
      },
    };
    await expect(since('0-0')).rejects.toThrow('away');
    log.history = history;
    expect(await since('0-0')).toEqual(['1-0']);
  });
});
