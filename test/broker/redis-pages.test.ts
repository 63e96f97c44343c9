import { expect, it } from 'vitest';
import { RedisLog, redisNames } from '../../src/broker/redis-log.ts';
import { START } from '../../src/model/cursor.ts';

/** A log of entries of this size, and how many each reading asked for. */
function logOf(entries: number, bytes: number): { log: RedisLog; counts: number[] } {
  const counts: number[] = [];
  const body = Buffer.alloc(bytes);
  const xrangeBuffer = (_key: string, from: string, _to: string, _word: string, count: number): unknown => {
    counts.push(count);
    const first = Number.parseInt(from.slice(1), 10) + 1;
    const length = Math.max(0, Math.min(count, entries - first + 1));
    return Array.from({ length }, (_, i) => [Buffer.from(`${first + i}-0`), [Buffer.from('e'), body]]);
  };
  const connection = { ask: async (run: (redis: object) => unknown) => run({ xrangeBuffer }) };
  return { log: new RedisLog(connection as never, redisNames('test')), counts };
}

it('a log of small events is read in large pages, one of large events in small ones, and each whole', async () => {
  const small = logOf(1_200, 100);
  expect(await Array.fromAsync(small.log.after(START))).toHaveLength(1_200);
  expect(small.counts).toEqual([50, 500, 500, 500]);
  const large = logOf(60, 1024 * 1024);
  const ids = (await Array.fromAsync(large.log.after(START))).map(({ id }) => id);
  expect(ids).toEqual(Array.from({ length: 60 }, (_, i) => `${i + 1}-0`));
  expect(large.counts).toEqual([50, 4, 4, 4]);
});
