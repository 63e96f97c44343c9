import { expect, it } from 'vitest';
import { LogQuota, quotaOf } from '../../src/registry/log-quota.ts';
import { ManualClock } from '../support/clock.ts';

it('the registry takes at most a tenth of the log at once, and half of it over the time that the log reaches back', () => {
  const clock = new ManualClock();
  const quota = new LogQuota(quotaOf({ maxEvents: 1_000, maxBytes: 268_435_456, maxAgeMs: 60_000 }), clock);
  const takeAll = (): number => {
    let taken = 0;
    while (quota.take(500)) taken++;
    return taken;
  };
  expect(takeAll()).toBe(100);
  let all = 0;
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    all += takeAll();
  }
  expect(all).toBeGreaterThanOrEqual(398);
  expect(all).toBeLessThanOrEqual(400);
});

it('the registry takes a share of the bytes of the log where the byte limit is reached first', () => {
  const quota = quotaOf({ maxEvents: 1_000_000, maxBytes: 1_048_576, maxAgeMs: 60_000 });
  expect(quota).toEqual(quotaOf({ maxEvents: 1_024, maxBytes: 268_435_456, maxAgeMs: 60_000 }));
});

it('an event of the registry counts by its size in KiB', () => {
  const quota = new LogQuota({ burst: 10, perMs: 0 }, new ManualClock());
  expect([quota.take(8_000), quota.take(3_000), quota.take(2_048), quota.take(1)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
