import { describe, expect, it } from 'vitest';
import { FlushPacer } from '../../src/hub/flush-pacer.ts';
import { systemClock } from '../../src/model/clock.ts';
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
  it('comes once what was read at once is handled', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 5);
    pacer.ask();
    expect(began).toEqual([]);
    clock.turn();
    expect(began).toEqual([0]);
  });

  it('comes before the event loop turns to anything else', async () => {
    const order: string[] = [];
    const turned = new Promise<void>((resolve) => {
      setImmediate(() => {
        order.push('turn');
        resolve();
      });
    });
    const pacer = new FlushPacer(systemClock, () => {
      order.push('flush');
      return 0;
    });
    pacer.ask();
    order.push('asked');
    await turned;
    expect(order).toEqual(['asked', 'flush', 'turn']);
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

  it('comes at once, as long as flushes take less than nine tenths of the time', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 8);
    for (let at = 0; at < 1_000; at += 10) {
      pacer.ask();
      clock.turn();
      clock.advance(2);
    }
    expect(began).toEqual(Array.from({ length: 100 }, (_, i) => i * 10));
  });

  it('comes at once after a pause, for up to 20 ms of flushes beyond that', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 10);
    for (let i = 0; i < 4; i++) {
      pacer.ask();
      clock.turn();
    }
    expect(began).toEqual([0, 10, 20, 30]);
  });

  it('takes nine tenths of the time when it is always asked for', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 6);
    while (clock.elapsed() < 8_000) {
      pacer.ask();
      clock.turn();
      if (clock.nextTimer !== undefined) clock.advance(clock.nextTimer);
    }
    expect(began.length * 6).toBeGreaterThan(0.89 * 8_000);
    expect(began.length * 6).toBeLessThan(0.91 * 8_000);
  });

  it('counts its wait from the end of the last one, and not from the request', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 29);
    pacer.ask();
    clock.turn();
    clock.advance(4);
    pacer.ask();
    expect(clock.nextTimer).toBe(6);
    clock.advance(6);
    expect(began).toEqual([0, 39]);
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
    [0.725, 10],
    [0.6125, 5],
    [0.5, undefined],
  ])('waits for less when only %d of it went to the same as before', (again, restMs) => {
    const clock = new ManualClock();
    const { pacer } = paced(clock, () => 40, again);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.nextTimer).toBe(restMs);
  });

  it('does not wait when each one goes to other clients', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 100, 0);
    pacer.ask();
    clock.turn();
    pacer.ask();
    clock.turn();
    expect(began).toEqual([0, 100]);
  });

  it('is immediate again once the wait is over', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 26);
    pacer.ask();
    clock.turn();
    clock.advance(8);
    pacer.ask();
    clock.turn();
    expect(began).toEqual([0, 34]);
  });

  it('uses no timer when the wait is too short for one', () => {
    const clock = new ManualClock();
    const { pacer, began } = paced(clock, () => 20.4);
    pacer.ask();
    clock.turn();
    pacer.ask();
    expect(clock.nextTimer).toBeUndefined();
    clock.turn();
    expect(began).toEqual([0, 20.4]);
  });
});
