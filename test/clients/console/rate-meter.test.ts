import { expect, it } from 'vitest';
import { RateMeter } from '../../../src/clients/console/src/live/rate-meter.ts';

it('a rate is counted for each whole second, and the present second does not count yet', () => {
  const rate = new RateMeter(4, 0);
  rate.add(1, 500);
  rate.add(2, 999);
  rate.add(5, 1_000);
  expect(rate.read(2_100)).toEqual([0, 3, 5]);
});

it('seconds without events count as zero, also when many have passed', () => {
  const rate = new RateMeter(4, 0);
  rate.add(9, 0);
  rate.add(1, 1_000_000);
  expect(rate.read(1_001_000)).toEqual([0, 0, 1]);
  expect(rate.read(9_000_000)).toEqual([0, 0, 0]);
});
