import { expect, it } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { ManualClock } from '../support/clock.ts';
import { describeLeases, type LeaseNode } from './leases-contract.ts';
import { pass } from './pass.ts';
import { RedisWorld } from './redis-world.ts';

async function redisNode(world = new RedisWorld()): Promise<LeaseNode> {
  const { broker } = await world.start();
  return { broker, pass };
}

describeLeases('memory', async () => {
  const clock = new ManualClock();
  const broker = new MemoryBroker({
    clock,
    bounds: { maxEvents: 100, maxBytes: 1_000_000, maxAgeMs: 60_000 },
  });
  await broker.start(() => true);
  return { broker, pass: async (ms) => clock.advance(ms) };
});

describeLeases('redis', () => redisNode());

describeLeases('redis with twelve shards', () => redisNode(RedisWorld.ofShards(12)));

it('two nodes agree on who holds a lease, and the node that it was not taken at checks the fence as well', async () => {
  const world = new RedisWorld();
  const [one, two] = [await world.start(), await world.start()];
  const holder = { holder: 'a "b" é🦉', principal: 'user:ada' };
  const { fence } = await one.broker.leases.take('x', holder, 60_000);
  expect(await two.broker.leases.get('x')).toMatchObject({ ...holder, fence });
  const event = { type: 'a', action: 'b', key: 'c', object: null };
  expect(await two.broker.publish([event], undefined, { lease: 'x', fence })).toHaveLength(1);
  await two.broker.leases.release('x', holder);
  await expect(one.broker.publish([event], undefined, { lease: 'x', fence })).rejects.toMatchObject({
    code: 'lease_lost',
  });
  expect(world.logged.filter(({ msg }) => msg === 'a command failed at Redis')).toEqual([]);
  expect(one.broker.brokerStats.trouble).toBeUndefined();
});

it.skipIf(!HAS_REDIS_SERVER)('the fence grows even after Redis has lost everything', async () => {
  const server = await startRedisServer({ keeps: false });
  const world = new RedisWorld(server.url);
  const { broker } = await world.start();
  const ada = { holder: 'a', principal: 'user:ada' };
  const before = await broker.leases.take('x', ada, 60_000);
  await world.redis.flushall();
  const event = { type: 'a', action: 'b', key: 'c', object: null };
  const late = broker.publish([event], undefined, { lease: 'x', fence: before.fence });
  await expect(late).rejects.toMatchObject({ code: 'lease_lost' });
  const after = await broker.leases.take('x', { ...ada, holder: 'b' }, 60_000);
  expect(after.fence).toBeGreaterThan(before.fence);
});
