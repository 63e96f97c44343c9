import { describe, expect, it } from 'vitest';
import { IdleTimer } from '../../src/hub/idle-timer.ts';
import { ManualClock } from '../support/clock.ts';

describe('something with an idle timer', () => {
  it('is kept while it is used, and forgotten once after each time without use', () => {
    const clock = new ManualClock();
    let forgotten = 0;
    const timer = new IdleTimer(clock, 1_000, () => forgotten++);
    const after = (ms: number): number => {
      clock.advance(ms);
      return forgotten;
    };
    expect(after(5_000)).toBe(0);
    timer.used();
    expect(after(600)).toBe(0);
    timer.used();
    expect(after(999)).toBe(0);
    expect(after(1)).toBe(1);
    expect(after(5_000)).toBe(1);
    timer.used();
    expect(after(999)).toBe(1);
    expect(after(1)).toBe(2);
  });
});
