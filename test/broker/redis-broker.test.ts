import { describeBroker } from './contract.ts';
import { RedisWorld } from './redis-world.ts';

describeBroker('redis', () => new RedisWorld());
describeBroker('redis with twelve shards', () => RedisWorld.ofShards(12));
