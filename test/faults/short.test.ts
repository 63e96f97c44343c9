import { afterAll, describe, expect, it } from 'vitest';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { SIZES } from './cast.ts';
import { Runner } from './runner.ts';
import { SCENARIOS } from './scenarios.ts';

const SEED = 5;

describe('the hub survives', () => {
  const runner = new Runner(SEED, { Cluster: SIZES.spread });
  afterAll(() => runner.end());

  it.for(SCENARIOS.filter(({ form }) => form === 'short'))(
    '$name',
    { timeout: 70_000 },
    async (scenario, { skip }) => {
      const reason = HAS_REDIS_SERVER
        ? scenario.fault.skip?.()
        : 'a Redis that is not ours cannot be killed: there is no redis-server on the PATH';
      skip(reason !== undefined, reason);
      expect(await runner.play(scenario, 'short')).toEqual([]);
    },
  );
});

it('the table of faults has at least thirty scenarios, each with a name of its own', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  expect(SCENARIOS.length).toBeGreaterThanOrEqual(30);
});
