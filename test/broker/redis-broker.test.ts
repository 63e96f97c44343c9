import { describeBroker } from './contract.ts';
import { RedisWorld } from './redis-world.ts';

describeBroker('redis', () => new RedisWorld());
