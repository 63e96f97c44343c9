import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { spawnCluster, type RedisCluster } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { describeInterest } from '../registry/interest-contract.ts';
import { RedisInterestWorld } from '../registry/redis-interest-world.ts';
import { describeBroker } from './contract.ts';
import { RedisWorld } from './redis-world.ts';
import { describeRetained } from './retained-contract.ts';

describe.skipIf(!HAS_REDIS_SERVER)('on a Redis Cluster (needs a redis-server on the PATH)', () => {
  let cluster: RedisCluster;
  const world = (): RedisWorld => new RedisWorld(cluster.url, cluster.masters[0]?.url);

  beforeAll(async () => {
    cluster = await spawnCluster();
  });
  afterAll(() => cluster.dispose());

  describeBroker('redis+cluster', world);
  it('an ingress that was given the largest id goes on working', async () => {
    const shared = world();
    const owner = new Redis((await cluster.ownerOf(shared.prefix)).url);
    onTestFinished(() => owner.disconnect());
    const { recorder } = await shared.start();
    const add = (id: string, key: string): Promise<string | null> =>
      owner.xadd(`{${shared.prefix}}:ingress`, id, 'event', JSON.stringify({ type: 'a', action: 'b', key }));
    await add('18446744073709551615-18446744073709551615', 'odd');
    await expect.poll(() => add('*', 'after').then(() => 'taken', String)).toBe('taken');
    await recorder.key('after');
    expect(recorder.keys).toEqual(['odd', 'after']);
  });

  describeInterest('redis+cluster', () => RedisInterestWorld.make(world()));
  describeRetained('redis+cluster', (retention) => {
    const shared = world();
    const pass = async (ms: number): Promise<void> => {
      const owner = new Redis((await cluster.ownerOf(shared.prefix)).url);
      await shared.age(ms, owner);
      owner.disconnect();
    };
    return { node: shared.node({ retention }), pass };
  });
});
