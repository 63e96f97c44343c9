import { describe, expect, it } from 'vitest';
import { Disuse } from '../../src/hub/disuse.ts';
import { ManualClock } from '../support/clock.ts';

describe('what is to be forgotten when nobody uses it', () => {
  it('is kept from use to use, forgotten once, and again when it was used anew', () => {
    const clock = new ManualClock();
    let forgotten = 0;
    const disuse = new Disuse(clock, 1_000, () => forgotten++);
    const after = (ms: number): number => {
      clock.advance(ms);
      return forgotten;
    };
    expect(after(5_000)).toBe(0);
    disuse.used();
    expect(after(600)).toBe(0);
    disuse.used();
    expect(after(999)).toBe(0);
    expect(after(1)).toBe(1);
    expect(after(5_000)).toBe(1);
    disuse.used();
    expect(after(999)).toBe(1);
    expect(after(1)).toBe(2);
  });
});
