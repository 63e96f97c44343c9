import { beforeEach, describe, expect, it } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { redisKeys } from '../../src/broker/redis-keys.ts';
import { LogReader } from '../../src/broker/redis-log-reader.ts';
import { readScripts } from '../../src/broker/redis-scripts.ts';
import { END, START } from '../../src/model/cursor.ts';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { RedisWorld } from './redis-world.ts';

const MIB = 1024 * 1024;

describe('the log is read in pages', () => {
  let world: RedisWorld;
  let pages: LogReader;

  beforeEach(async () => {
    world = new RedisWorld();
    const { url, prefix } = world;
    const connection = new RedisConnection({
      url,
      prefix,
      role: 'reads',
      commandTimeoutMs: 5_000,
      bulk: true,
      scripts: readScripts(),
      log: pino({ level: 'silent' }),
    });
    await connection.open(5_000);
    onTestFinished(() => connection.close());
    pages = new LogReader(connection, redisKeys(prefix));
  });

  /** Appends entries of these sizes, with ids from one. */
  async function append(...sizes: readonly number[]): Promise<void> {
    const commands = world.redis.pipeline();
    for (const [i, size] of sizes.entries())
      commands.xadd(world.log, `${i + 1}-0`, 'p', `${i}-0`, 'e', 'x'.repeat(size));
    await commands.exec();
  }

  /** How many entries each page holds, and how many bytes. */
  async function read(): Promise<{ counts: number[]; bytes: number[] }> {
    const counts: number[] = [];
    const bytes: number[] = [];
    for (let at = START, isLast = false; !isLast;) {
      const page = await pages.page(at);
      counts.push(page.entries.length);
      bytes.push(page.entries.reduce((sum, { body }) => sum + body.length, 0));
      at = page.entries.at(-1)?.id ?? at;
      isLast = page.isLast;
    }
    return { counts, bytes };
  }

  it('of at most 500 entries while they are small', async () => {
    await append(...Array.from({ length: 1_200 }, () => 100));
    expect((await read()).counts).toEqual([500, 500, 200]);
  });

  it('of at most a mebibyte and one entry, whatever the sizes before', async () => {
    const sizes = [...Array.from({ length: 100 }, () => 10), ...Array.from({ length: 60 }, () => 200_000)];
    await append(...sizes);
    const { counts, bytes } = await read();
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(160);
    expect(Math.max(...bytes)).toBeLessThan(MIB + 200_000);
    expect(counts.length).toBeLessThan(15);
  });

  it('of one entry, where it is larger than a page', async () => {
    await append(10, 3 * MIB, 3 * MIB);
    expect((await read()).counts).toEqual([2, 1, 0]);
  });

  it('forwards to its end and backwards from its end, each entry once and unchanged', async () => {
    await append(...Array.from({ length: 1_234 }, (_, i) => i * 3));
    const forth = await Array.fromAsync(pages.after(START));
    expect(forth.map(({ id, previous, body }) => [id, previous, body.length])).toEqual(
      Array.from({ length: 1_234 }, (_, i) => [`${i + 1}-0`, `${i}-0`, i * 3]),
    );
    expect((await Array.fromAsync(pages.before(END))).toReversed()).toEqual(forth);
    expect(await Array.fromAsync(pages.after('1200-0'))).toEqual(forth.slice(1_200));
    expect((await Array.fromAsync(pages.before('30-0'))).map(({ id }) => id)).toEqual(
      Array.from({ length: 29 }, (_, i) => `${29 - i}-0`),
    );
  });
});
