import { describe, expect, it } from 'vitest';
import { Stats } from '../../src/hub/stats.ts';
import { Traffic } from '../../src/hub/traffic.ts';
import { ManualClock } from '../support/clock.ts';

describe('the traffic of a node', () => {
  it('is what it heard and wrote each second of the last five, and how late it was', () => {
    const [stats, clock] = [new Stats(), new ManualClock()];
    const traffic = new Traffic(stats, clock);
    traffic.start();
    stats.events += 10;
    stats.of('native').delivered += 30;
    stats.of('drp').delivered += 3;
    for (let ms = 1; ms <= 100; ms++) stats.recentDelays.add(ms);
    stats.recentDelays.add(250);
    expect(traffic.rates).toEqual({ eventsPerSecond: 0, deliveriesPerSecond: 0, p99Ms: 0, lagMs: 0 });
    clock.advance(5_000);
    expect(traffic.rates).toEqual({ eventsPerSecond: 2, deliveriesPerSecond: 6.6, p99Ms: 100, lagMs: 250 });
    clock.advance(5_000);
    expect(traffic.rates).toEqual({ eventsPerSecond: 0, deliveriesPerSecond: 0, p99Ms: 0, lagMs: 0 });
    traffic.stop();
    expect(clock.timers).toBe(0);
  });
});
