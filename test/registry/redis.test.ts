import { describeRegistry } from './contract.ts';
import { RedisRollWorld } from './redis-world.ts';

describeRegistry('redis', () => RedisRollWorld.make());
