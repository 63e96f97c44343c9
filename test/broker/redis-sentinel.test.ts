import { afterAll, beforeAll, describe } from 'vitest';
import { spawnSentinels, type RedisSentinels } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { describeBroker } from './contract.ts';
import { RedisWorld } from './redis-world.ts';
import { describeRetained } from './retained-contract.ts';

describe.skipIf(!HAS_REDIS_SERVER)('behind Redis Sentinel (needs a redis-server on the PATH)', () => {
  let group: RedisSentinels;
  const world = (): RedisWorld => new RedisWorld(group.url, group.master.url);

  beforeAll(async () => {
    group = await spawnSentinels();
  });
  afterAll(() => group.dispose());

  describeBroker('redis+sentinel', world);
  describeRetained('redis+sentinel', (retention) => {
    const shared = world();
    return { node: shared.node({ retention }), pass: (ms) => shared.age(ms) };
  });
});
