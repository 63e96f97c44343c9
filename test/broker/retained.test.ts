import { MemoryBroker } from '../../src/broker/memory.ts';
import { ManualClock } from '../support/clock.ts';
import { RedisWorld } from './redis-world.ts';
import { describeRetained } from './retained-contract.ts';

const bounds = { maxEvents: 10_000, maxAgeMs: 60_000 };

describeRetained('memory', (retention) => {
  const clock = new ManualClock();
  const node = new MemoryBroker({ clock, bounds, retention });
  return { node, pass: async (ms) => clock.advance(ms) };
});

// Redis has a clock of its own, so the ends of what it keeps come nearer instead.
describeRetained('redis', (retention) => {
  const world = new RedisWorld();
  const pass = async (ms: number): Promise<void> => {
    for (const key of await world.redis.keys(`{${world.prefix}}:tail:*`)) {
      const left = await world.redis.pttl(key);
      if (left >= 0) await world.redis.pexpire(key, left - ms);
    }
  };
  return { node: world.node({ retention }), pass };
});
