import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { spawnCluster, type RedisCluster } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { describeInterest } from '../registry/interest-contract.ts';
import { RedisInterestWorld } from '../registry/redis-interest-world.ts';
import { Layout } from '../../src/model/shards.ts';
import { describeBroker } from './contract.ts';
import { describeLeases } from './leases-contract.ts';
import { pass } from './pass.ts';
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
  const twelve = (): RedisWorld =>
    new RedisWorld(cluster.url, cluster.masters[0]?.url, undefined, Layout.of(12));
  describeBroker('redis+cluster with twelve shards', twelve);
  describeLeases('redis+cluster with twelve shards', async () => {
    const { broker } = await twelve().start();
    return { broker, pass };
  });
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
  const describeRetainedIn = (name: string, make: () => RedisWorld): void =>
    describeRetained(name, (retention) => {
      const shared = make();
      const age = async (ms: number): Promise<void> => {
        for (const { url } of cluster.masters) {
          const master = new Redis(url);
          await shared.age(ms, master);
          master.disconnect();
        }
      };
      return { node: shared.node({ retention }), pass: age };
    });
  describeRetainedIn('redis+cluster', world);
  describeRetainedIn('redis+cluster with twelve shards', twelve);
});
