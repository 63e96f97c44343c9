import { afterAll, describe, expect, it } from 'vitest';
import { SIZES } from './cast.ts';
import { Runner, skipOf } from './runner.ts';
import { SCENARIOS } from './scenarios.ts';

const SEED = 5;

describe('the hub survives', () => {
  const runner = new Runner(SEED, { Cluster: SIZES.spread });
  afterAll(() => runner.end());

  it.for(SCENARIOS.filter(({ form }) => form === 'short'))(
    '$name',
    { timeout: 70_000 },
    async (scenario, { skip }) => {
      const reason = await skipOf(scenario);
      skip(reason !== undefined, reason);
      expect(await runner.play(scenario, 'short')).toEqual([]);
    },
  );
});

it('the table of faults has at least thirty scenarios, each with a name of its own', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  expect(SCENARIOS.length).toBeGreaterThanOrEqual(30);
});
