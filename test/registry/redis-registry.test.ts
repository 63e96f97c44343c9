import { describeRegistry } from './contract.ts';
import { RedisRegistryWorld } from './redis-world.ts';

describeRegistry('redis', () => RedisRegistryWorld.make());
