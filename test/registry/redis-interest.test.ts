import { describeInterest } from './interest-contract.ts';
import { RedisInterestWorld } from './redis-interest-world.ts';

describeInterest('redis', () => RedisInterestWorld.make());
