import { MemoryBroker } from '../../src/broker/memory.ts';
import { systemClock } from '../../src/model/clock.ts';
import { RedisWorld } from './redis-world.ts';
import { describeRetained } from './retained-contract.ts';

const bounds = { maxEvents: 10_000, maxAgeMs: 60_000 };

describeRetained('memory', (retention) => new MemoryBroker({ clock: systemClock, bounds, retention }));
describeRetained('redis', (retention) => new RedisWorld().node({ retention }));
