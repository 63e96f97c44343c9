import { describe, expect, it } from 'vitest';
import { FlushPacer } from '../../src/hub/flush-pacer.ts';
import { ManualClock } from '../support/clock.ts';

/**
 * A pacer whose flushes note when they began. Each takes so long, and this share of its writes goes to the same clients
 * as before.
 */
function paced(clock: ManualClock, tookMs: () => number, again = 1): { pacer: FlushPacer; began: number[] } {
  const began: number[] = [];
  const pacer = new FlushPacer(clock, () => {
    began.push(clock.elapsed());
    clock.spend(tookMs());
    return again;
  });
  return { pacer, began };
}

describe('a paced flush', () => {
  it('comes at the end of the turn in which it was first asked for', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 5);
    pacer.ask();
    expect(began).toEqual([]);
    clock.turn();
    expect(began).toEqual([0]);
  });

  it('comes once, however often it is asked for', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 0);
    pacer.ask();
    pacer.ask();
    expect(clock.wantedSoon).toBe(1);
    clock.turn();
    clock.turn();
    expect(began).toHaveLength(1);
  });

  it('does not come when nobody asks', () => {
    const clock = new ManualClock();
    const { began } = paced(clock, () => 0);
    clock.turn();
    clock.advance(1_000);
    expect(began).toEqual([]);
  });

  it('waits after the last one for as long as that took', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 4);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.wantedSoon).toBe(0);
    clock.advance(3);
    expect(began).toEqual([0]);
    clock.advance(1);
    expect(began).toEqual([0, 8]);
  });

  it('counts its wait from the end of the last one, and not from the request', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 6);
    pacer.ask();
    clock.turn();
    clock.advance(4);
    pacer.ask();
    expect(clock.nextTimer).toBe(2);
    clock.advance(2);
    expect(began).toEqual([0, 12]);
  });

  it('waits 10 ms at most', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 80);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.nextTimer).toBe(10);
    clock.advance(10);
    expect(began).toEqual([0, 90]);
  });

  it.each([
    [0.5, 2],
    [0.25, 1],
  ])('keeps away for less when only %d of it went to the same as before', (again, restMs) => {
    const clock = new ManualClock();
    const { pacer } = paced(clock, () => 4, again);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.nextTimer).toBe(restMs);
  });

  it('does not wait when each one goes to other clients', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 4, 0);
    pacer.ask();
    clock.turn();
    pacer.ask();
    clock.turn();
    expect(began).toEqual([0, 4]);
  });

  it('is immediate again once the wait is over', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 8);
    pacer.ask();
    clock.turn();
    clock.advance(8);
    pacer.ask();
    clock.turn();
    expect(began).toEqual([0, 16]);
  });

  it('uses no timer when the wait is too short for one', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 0.4);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.nextTimer).toBeUndefined();
    clock.turn();
    expect(began).toEqual([0, 0.4]);
  });
});
