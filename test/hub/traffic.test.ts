import { describe, expect, it } from 'vitest';
import { Stats } from '../../src/hub/stats.ts';
import { Traffic } from '../../src/hub/traffic.ts';
import { ManualClock } from '../support/clock.ts';

describe('the traffic of a node', () => {
  it('is what it heard and wrote each second of the last five, and its longest delay', () => {
    const [stats, clock] = [new Stats(), new ManualClock()];
    const traffic = new Traffic(stats, clock);
    traffic.start();
    stats.events += 10;
    stats.of('native').delivered += 30;
    stats.of('drp').delivered += 3;
    stats.lagMs = 12;
    expect(traffic.rates).toEqual({ eventsPerSecond: 0, deliveriesPerSecond: 0, lagMs: 0 });
    clock.advance(5_000);
    expect(traffic.rates).toEqual({ eventsPerSecond: 2, deliveriesPerSecond: 6.6, lagMs: 12 });
    clock.advance(5_000);
    expect(traffic.rates).toEqual({ eventsPerSecond: 0, deliveriesPerSecond: 0, lagMs: 0 });
    traffic.stop();
    expect(clock.timers).toBe(0);
  });
});
