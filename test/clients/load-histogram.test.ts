import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/clients/load/histogram.ts';

function of(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('the histogram of the load client', () => {
  it('answers percentiles to within 3 %, from microseconds to an hour', () => {
    const values = Array.from({ length: 100_000 }, (_, n) => Math.floor(1.0002 ** n));
    const histogram = of(values.map((value) => Math.min(value, 3.6e9)));
    for (const share of [0.001, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = Math.min(values[Math.ceil(share * values.length) - 1] ?? 0, 3.6e9);
      expect(histogram.percentile(share) / exact).toBeGreaterThanOrEqual(1);
      expect(histogram.percentile(share) / exact).toBeLessThan(1.04);
    }
  });

  it('keeps small values exactly, and never returns more than the largest value that it recorded', () => {
    expect(of([1, 2, 3, 30]).percentile(0.5)).toBe(2);
    expect(of([1_000_000]).percentile(0.99)).toBe(1_000_000);
    expect(of([7, 1e15]).max).toBe(1e15);
  });

  it('counts a negative value as 0, and returns 0 when it is empty', () => {
    expect(of([-5]).percentile(0.5)).toBe(0);
    expect(of([]).percentile(0.99)).toBe(0);
  });

  it('holds no value after it is cleared', () => {
    const histogram = of([5, 6]);
    histogram.clear();
    expect([histogram.count, histogram.max, histogram.percentile(1)]).toEqual([0, 0, 0]);
  });
});
