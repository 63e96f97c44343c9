import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { ManualClock } from '../support/clock.ts';
import { RedisWorld } from './redis-world.ts';
import { describeRetained } from './retained-contract.ts';

const bounds = { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 60_000 };

describeRetained('memory', (retention) => {
  const clock = new ManualClock();
  const node = new MemoryBroker({ clock, bounds, retention });
  return { node, pass: async (ms) => clock.advance(ms) };
});

describeRetained('redis', (retention) => {
  const world = new RedisWorld();
  return { node: world.node({ retention }), pass: (ms) => world.age(ms) };
});

describeRetained('redis with twelve shards', (retention) => {
  const world = RedisWorld.ofShards(12);
  return { node: world.node({ retention }), pass: (ms) => world.age(ms) };
});
