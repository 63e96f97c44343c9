import { describe, expect, it } from 'vitest';
import { searchMost, type Found } from './search.ts';
import { median, medians, middle } from './statistics.ts';

interface Run {
  readonly load: number;
  readonly isGood: boolean;
}

/** Searches a server that sustains this much, where `noise` says at which runs, counted from 1, something disturbs it. */
async function search(
  sustains: number,
  {
    noise = [],
    votes = 3,
    lucky = [],
  }: { noise?: readonly number[]; votes?: number; lucky?: readonly number[] } = {},
): Promise<Found<Run> & { readonly loads: number[] }> {
  const loads: number[] = [];
  const found = await searchMost<Run>({
    from: 100,
    halvings: 3,
    votes,
    runAt: (load) => {
      loads.push(load);
      const isGood = lucky.includes(loads.length) || (load <= sustains && !noise.includes(loads.length));
      return Promise.resolve({ load, isGood });
    },
    isGood: (run) => run.isGood,
  });
  return { ...found, loads };
}

describe('the search for the most that a server sustains', () => {
  it('doubles the load, and then halves the range between the last good load and the first bad one', async () => {
    const { most, failed, loads } = await search(900, { votes: 1 });
    expect(loads).toEqual([100, 200, 400, 800, 1_600, 1_200, 1_000, 900]);
    expect(most?.load).toBe(900);
    expect(failed?.load).toBe(1_000);
  });

  it('is not stopped by one noisy run', async () => {
    const quiet = await search(900);
    for (let noisy = 1; noisy <= quiet.loads.length; noisy++)
      expect((await search(900, { noise: [noisy] })).most?.load).toBe(900);
  });

  it('confirms what it found, and lowers the sustained load only once', async () => {
    const { most } = await search(900, { votes: 3, lucky: [5] });
    expect(most?.load).toBeLessThanOrEqual(900);
    expect(most?.load).toBeGreaterThan(700);
    expect(most?.runs.length).toBe(2);
    expect(most?.runs.every(({ isGood }) => isGood)).toBe(true);
  });

  it('goes below the load at which it began', async () => {
    expect((await search(60)).most?.load).toBe(50);
  });

  it('finds nothing when no load is sustained, and reports the last run', async () => {
    const { most, failed } = await search(0);
    expect(most).toBeUndefined();
    expect(failed?.isGood).toBe(false);
  });
});

describe('the median', () => {
  it('is the middle number, or the mean of the two in the middle', () => {
    expect([median([9, 1, 5]), median([4, 1, 9, 2]), median([7]), median([])]).toEqual([5, 3, 7, Number.NaN]);
  });

  it('of items is the item in the middle, and of two the lower one', () => {
    expect([middle([9, 1, 5], Number), middle([9, 1], Number), middle([], Number)]).toEqual([
      5,
      1,
      undefined,
    ]);
  });

  it('of objects is the median of each number in them', () => {
    const objects = [
      { name: 'a', most: { rate: 1, p99: 30 }, limit: 'p99' },
      { name: 'a', most: { rate: 3, p99: 10 } },
      { name: 'a', most: { rate: 2, p99: 20 }, limit: 'server' },
    ];
    expect(medians<object>(objects)).toEqual({ name: 'a', most: { rate: 2, p99: 20 }, limit: 'p99' });
  });
});
