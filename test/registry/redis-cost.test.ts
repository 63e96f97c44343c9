import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Redis } from 'ioredis';
import { registryKeys } from '../../src/registry/redis-registry-keys.ts';
import { rowOf } from '../../src/registry/redis-connection-row.ts';
import type { RedisRegistry } from '../../src/registry/redis-registry.ts';
import type { ConnectionRecord } from '../../src/registry/registry.ts';
import { sortableAddress } from '../../src/registry/address.ts';
import { randomPrefix } from '../support/redis.ts';
import { aQuery, aRecord, idsOf } from './records.ts';
import { monitor, RedisRegistryWorld } from './redis-world.ts';

const MANY = 100_000;

/** The commands that one call sends, each with its arguments. */
async function commandsOf(run: () => Promise<unknown>, prefix: string): Promise<string[][]> {
  const seen = await monitor(inject('redisUrl'));
  await run();
  const end = randomPrefix();
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  await redis.get(end);
  await expect.poll(() => seen.some(([, key]) => key === end)).toBe(true);
  const about = (command: readonly string[]) => command.some((word) => word.startsWith(`{${prefix}}:`));
  return seen.filter(about).map((command) => [...command]);
}

/** Timers so slow that no renewal comes in between. */
const QUIET = { renewMs: 60_000, reapMs: 60_000, expireMs: 60_000, leaseMs: 120_000 };

describe('the registry changes of one turn of the event loop', () => {
  it('cost one round trip to Redis, and one script call for every 250 changes', async () => {
    const world = await RedisRegistryWorld.make();
    const node = await world.node(QUIET);
    await node.add(aRecord(), {});
    const records = Array.from({ length: 250 }, (_, i) => aRecord({ Principal: `user:${i}` }));
    const add = (some: readonly ConnectionRecord[]) => Promise.all(some.map((each) => node.add(each, {})));
    // With the log as the only key, which what a broker looks after beside it does not have.
    const fromNode = (commands: string[][]) =>
      commands.filter(
        ([name = '', , keys, key = '']) => /^evalsha$/i.test(name) && keys === '1' && key.endsWith(':log'),
      );
    const first = await commandsOf(() => add(records), world.world.prefix);
    expect(fromNode(first).length).toBe(1);
    const second = await commandsOf(
      () => add(Array.from({ length: 251 }, () => aRecord())),
      world.world.prefix,
    );
    expect(fromNode(second).length).toBe(2);
  });
});

describe('a registry with 100,000 connections', () => {
  let node: RedisRegistry;
  const records: ConnectionRecord[] = [];

  // A world ends with its test, so each test has its own world over the one registry that is filled once.
  const prefix = randomPrefix();
  beforeAll(async () => {
    const redis = new Redis(inject('redisUrl'));
    await fill(redis, prefix, records);
    redis.disconnect();
    return async () => {
      const cleaner = new Redis(inject('redisUrl'));
      const keys = await cleaner.keys(`{${prefix}}:*`);
      for (let i = 0; i < keys.length; i += 1_000) await cleaner.unlink(keys.slice(i, i + 1_000));
      cleaner.disconnect();
    };
  });

  const listed = async (text: string) => {
    const world = await RedisRegistryWorld.make();
    node = await world.node({ ...QUIET, prefix });
    let ids: string[] = [];
    const commands = await commandsOf(async () => {
      ids = idsOf((await node.list(aQuery(text))).records);
    }, prefix);
    const rows = commands.filter(([name]) => /^hmget$/i.test(name ?? ''));
    return { ids, commands: commands.length, read: rows.reduce((sum, row) => sum + row.length - 2, 0) };
  };

  it('reads a hundred rows with three commands for the first page', async () => {
    const { ids, commands, read } = await listed('limit=100');
    expect(ids).toEqual(idsOf(records.slice(0, 100)));
    expect([commands, read]).toEqual([3, 100]);
  });

  it('reads only the rows of the page for a page in the middle, in both directions', async () => {
    const { ids, commands, read } = await listed('limit=100&offset=50000&reverse=true');
    expect(ids).toEqual(idsOf(records.slice(49_900, 50_000).toReversed()));
    expect([commands, read]).toEqual([3, 100]);
  });

  it('reads one row for one address, and one id', async () => {
    const record = records[70_000]!;
    expect(await listed(`RemoteAddr=${record.RemoteAddr}&limit=1`)).toEqual({
      ids: [record.Id],
      commands: 3,
      read: 1,
    });
    expect(await listed(`Id=${record.Id}`)).toEqual({ ids: [record.Id], commands: 2, read: 1 });
  });

  it('reads only the connections of the principal for one principal', async () => {
    const { ids, commands, read } = await listed('Principal=user:77');
    expect(ids.length).toBe(100);
    // Reads the connections of the principal, and counts all connections: of principals, and anonymous ones.
    expect([commands, read]).toEqual([4, 100]);
    const commandsOfPresence = await commandsOf(() => node.presence('user:77'), prefix);
    expect(commandsOfPresence.map((command) => command.length).toSorted((a, b) => a - b)).toEqual([
      3, 4, 5, 102,
    ]);
  });

  it('stops reading at the end of the page where it has to test each row', async () => {
    const { ids, read } = await listed('Node=two&limit=10');
    expect(ids).toEqual(idsOf(records.filter(({ Node }) => Node === 'two').slice(0, 10)));
    expect(read).toBe(500);
  });
});

/** Writes what the scripts would write, a thousand connections at once, a hundred for each principal. */
async function fill(redis: Redis, prefix: string, records: ConnectionRecord[]): Promise<void> {
  const names = registryKeys(prefix);
  for (let begin = 0; begin < MANY; begin += 1_000) {
    const some = Array.from({ length: 1_000 }, (_, i) =>
      aRecord({ Principal: `user:${Math.floor((begin + i) / 100)}`, Node: i % 2 ? 'two' : 'one' }),
    );
    records.push(...some);
    const members = some.flatMap(({ RemoteAddr, Id }) => ['0', `${sortableAddress(RemoteAddr)}:${Id}`]);
    const pipeline = redis.pipeline();
    pipeline.hset(names.rows, ...some.flatMap((record) => [record.Id, rowOf(record)]));
    pipeline.zadd(names.known, ...members);
    for (let i = 0; i < some.length; i += 100) {
      pipeline.zadd(names.of(some[i]!.Principal), ...members.slice(i * 2, i * 2 + 200));
    }
    await pipeline.exec();
  }
}
