import { describe, expect, it } from 'vitest';
import { redisKeys } from '../../src/broker/redis-keys.ts';
import { shardOfCursor } from '../../src/model/cursor.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { Layout } from '../../src/model/shards.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld } from './redis-world.ts';

const eventOf = (key: string): NewEvent => ({ type: 'a', action: 'b', key, object: { code: 'x' } });
const event = (key: string): string => JSON.stringify(eventOf(key));
/** After so many events of one shape the function expects what it knows. */
const USUAL_AFTER = 3;

/** A world in which the function has published often enough to expect that nothing has changed. */
async function usualWorld(url: string): Promise<RedisWorld> {
  const world = new RedisWorld(url);
  await world.start();
  await beUsual(world);
  return world;
}

async function beUsual(world: RedisWorld): Promise<void> {
  for (let n = 0; n < USUAL_AFTER; n++) await world.fcall(event(`first ${n}`));
}

async function calls({ redis }: RedisWorld, command: string): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

/** The keys of the events in the log, which must name the one before each. */
async function keysInLog({ redis, log }: RedisWorld): Promise<string[]> {
  const entries = await redis.xrange(log, '-', '+');
  const ids = entries.map(([id]) => id);
  expect(entries.map(([, fields]) => fields[1])).toEqual(['0-0', ...ids.slice(0, -1)]);
  return entries.map(([, fields]) => (JSON.parse(fields[3] ?? '') as NewEvent).key);
}

async function bytesOf({ redis, log }: RedisWorld): Promise<number> {
  const entries = await redis.xrange(log, '-', '+');
  return entries.reduce((sum, [, fields]) => sum + Buffer.byteLength(fields[3] ?? ''), 0);
}

const countOf = async ({ redis, last }: RedisWorld): Promise<number> =>
  Number((await redis.get(last))?.split(' ')[1]);

describe.skipIf(!HAS_REDIS_SERVER)('belfry_publish, when it publishes one event of a known shape', () => {
  it('reads neither the end of the log nor the rules first', async () => {
    const { url } = await startRedisServer();
    const world = await usualWorld(url);
    const before = [await calls(world, 'hget'), await calls(world, 'get'), await calls(world, 'xadd')];
    await Promise.all(Array.from({ length: 50 }, (_, n) => world.fcall(event(`${n}`))));
    const after = [await calls(world, 'hget'), await calls(world, 'get'), await calls(world, 'xadd')];
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).toBe((before[2] ?? 0) + 50);
  });

  it('does so when calls to the shards of a hub take turns, and the keys of a type are spread over them', async () => {
    const { url } = await startRedisServer();
    const layout = Layout.of(4, { a: 4 });
    const world = new RedisWorld(url, url, undefined, layout);
    await world.start();
    const call = (key: string): Promise<unknown> =>
      world.redis.call(
        'FCALL',
        'belfry_publish',
        1,
        redisKeys(world.prefix, layout.shardOf('a', key)).log,
        event(key),
      );
    const keys = Array.from({ length: 100 }, (_, n) => `${n}`);
    for (const key of keys) await call(key);
    const before = [await calls(world, 'hget'), await calls(world, 'get')];
    const ids = (await Promise.all(keys.map(call))) as string[][];
    expect([await calls(world, 'hget'), await calls(world, 'get')]).toEqual(before);
    expect(ids.map(([id = '']) => shardOfCursor(id))).toEqual(keys.map((key) => layout.shardOf('a', key)));
  });

  it('continues the log after what others have published meanwhile, and every node hears all of it', async () => {
    const { url } = await startRedisServer();
    const world = await usualWorld(url);
    const { broker, recorder } = await world.start();
    const wanted = await keysInLog(world);
    for (let n = 0; n < 20; n++) {
      wanted.push(`node ${n}`, `call ${n}`, `next ${n}`, `more ${n}`);
      await broker.publish([eventOf(`node ${n}`)]);
      for (const word of ['call', 'next', 'more']) await world.fcall(event(`${word} ${n}`));
    }
    expect(await keysInLog(world)).toEqual(wanted);
    await recorder.count(80);
    expect(recorder.keys).toEqual(wanted.slice(USUAL_AFTER));
    expect(broker.brokerStats.gapsDetected).toBe(0);
    expect(await calls(world, 'xdel')).toBeGreaterThan(0);
  });

  it('masks by new rules from the moment on in which a node has written them', async () => {
    const { url } = await startRedisServer();
    const world = await usualWorld(url);
    await world.start({ redaction: new Redaction([{ fields: ['code'] }]) });
    await world.fcall(event('masked'));
    const entries = await world.redis.xrange(world.log, '-', '+');
    expect(entries.map(([, fields]) => fields[3]?.includes('[redacted]'))).toEqual([
      ...Array.from({ length: USUAL_AFTER }, () => false),
      true,
    ]);
  });

  it.each(['-publish', '-xdel', '-set', '-xadd'])(
    'leaves nothing behind for a caller without a right: %s',
    async (right) => {
      const { url } = await startRedisServer();
      const world = await usualWorld(url);
      const before = [await keysInLog(world), await world.redis.get(world.last)];
      await world.redis.call('ACL', 'SETUSER', 'caller', 'on', '>p', '~*', '+@all', 'allchannels', right);
      const caller = world.redis.duplicate({ username: 'caller', password: 'p' });
      const call = caller.call('FCALL', 'belfry_publish', 1, world.log, event('refused'));
      await expect(call).rejects.toThrow('BELFRY forbidden');
      caller.disconnect();
      expect([await keysInLog(world), await world.redis.get(world.last)]).toEqual(before);
      await world.fcall(event('accepted'));
      expect(await keysInLog(world)).toContain('accepted');
    },
  );

  it('counts all bytes of each hub, though it writes the count only now and then', async () => {
    const { url } = await startRedisServer();
    const [one, two] = [await usualWorld(url), await usualWorld(url)];
    for (let n = 0; n < 5; n++) {
      for (const world of [one, two]) for (let i = 0; i < 10; i++) await world.fcall(event(`${n} ${i}`));
    }
    for (const world of [one, two]) {
      expect(await countOf(world)).toBeLessThan(await bytesOf(world));
      await world.fcall(event('a'), event('b'));
      expect(await countOf(world)).toBe(await bytesOf(world));
    }
  });

  it('adds nothing to a Redis that was emptied, where no rules are stored', async () => {
    const { url } = await startRedisServer();
    const world = await usualWorld(url);
    await world.redis.flushall();
    await expect(world.fcall(event('refused'))).rejects.toThrow('BELFRY unavailable');
    expect(await world.redis.exists(world.log, world.last)).toBe(0);
  });
});
