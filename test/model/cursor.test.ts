import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareCursors,
  cursorAt,
  cursorBefore,
  cursorIn,
  cursorMs,
  cursorTime,
  endOf,
  entryOfCursor,
  isCursor,
  shardOfCursor,
  START,
  startOf,
} from '../../src/model/cursor.ts';
import { runs } from '../support/runs.ts';

/** Every text of digits, a dash and digits that is accepted as a cursor. */
const cursor = fc
  .tuple(
    fc.oneof(fc.nat({ max: 3 }), fc.maxSafeNat()).map(String),
    fc.oneof(fc.nat({ max: 3 }), fc.maxSafeNat()).map(String),
  )
  .map((numbers) => numbers.join('-'))
  .filter(isCursor);

const sign = (n: number): number => Math.sign(n) + 0;
const exact = (a: string, b: string): number => {
  const [a1 = 0n, a2 = 0n] = a.split('-').map(BigInt);
  const [b1 = 0n, b2 = 0n] = b.split('-').map(BigInt);
  return a1 !== b1 ? (a1 < b1 ? -1 : 1) : a2 === b2 ? 0 : a2 < b2 ? -1 : 1;
};

describe('a cursor', () => {
  it.each([
    START,
    '1-0',
    '1737000000000-0',
    '1737000000000-17',
    '999999999999999-999999999999999',
    '5:1-0',
    '999999999:0-0',
  ])('is %s', (text) => {
    expect(isCursor(text)).toBe(true);
  });

  it.each([
    '',
    '-',
    '1',
    '1-',
    '-1',
    '1-1-1',
    '1_0',
    ' 1-0',
    '1-0\n',
    '1.5-0',
    '-1-0',
    '0x1-0',
    '$',
    '+',
    '١-0',
    '0:1-0',
    '05:1-0',
    ':1-0',
    '1:2:1-0',
    '1000000000:1-0',
    '-1:1-0',
  ])('is not %j', (text) => {
    expect(isCursor(text)).toBe(false);
  });

  it('holds no number beyond the exact integers, and writes each position in one way only', () => {
    expect(isCursor('9007199254740993-0')).toBe(false);
    expect(isCursor('1-9007199254740993')).toBe(false);
    expect(isCursor('01-0')).toBe(false);
    expect(isCursor('1-00')).toBe(false);
  });

  it('is ordered by its two numbers', () => {
    fc.assert(
      fc.property(cursor, cursor, cursor, (a, b, c) => {
        expect(sign(compareCursors(a, b))).toBe(exact(a, b));
        expect(sign(compareCursors(b, a))).toBe(sign(-exact(a, b)));
        expect(compareCursors(a, b) === 0).toBe(a === b);
        const [low = a, middle = b, high = c] = [a, b, c].toSorted(compareCursors);
        expect(compareCursors(low, middle)).toBeLessThanOrEqual(0);
        expect(compareCursors(middle, high)).toBeLessThanOrEqual(0);
        expect(compareCursors(low, high)).toBeLessThanOrEqual(0);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('is ordered exactly where two cursors differ in the last digit only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999_998 }), (n) => {
        expect(compareCursors(`${n}-0`, `${n + 1}-0`)).toBeLessThan(0);
        expect(compareCursors(`1-${n + 1}`, `1-${n}`)).toBeGreaterThan(0);
      }),
    );
  });

  it('comes after START', () => {
    fc.assert(
      fc.property(cursor, (text) => {
        expect(compareCursors(START, text)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('tells the time of its entry', () => {
    expect(cursorTime('1736937000123-4')).toBe('2025-01-15T10:30:00.123Z');
    fc.assert(
      fc.property(cursor, (text) => {
        expect(cursorTime(text)).toMatch(/Z$/);
      }),
    );
  });

  it('names its shard, and no shard where that is 0', () => {
    fc.assert(
      fc.property(cursor, fc.nat({ max: 999_999_999 }), (entry, shard) => {
        const text = cursorIn(shard, entry);
        expect(isCursor(text)).toBe(true);
        expect(shardOfCursor(text)).toBe(shard);
        expect(entryOfCursor(text)).toBe(entry);
        expect(text === entry).toBe(shard === 0);
        expect(cursorMs(text)).toBe(cursorMs(entry));
        expect(cursorBefore(text)).toBe(cursorIn(shard, cursorBefore(entry)));
      }),
      { numRuns: runs(500) },
    );
    expect([startOf(0), startOf(7), endOf(7)]).toEqual(['0-0', '7:0-0', '7:999999999999999-999999999999999']);
    expect(cursorAt(1_000, 7)).toBe('7:999-999999999999999');
  });

  it('is compared with others of its shard by their entries', () => {
    fc.assert(
      fc.property(cursor, cursor, fc.nat({ max: 9_999 }), (a, b, shard) => {
        const order = compareCursors(cursorIn(shard, a), cursorIn(shard, b));
        expect(sign(order)).toBe(exact(a, b));
      }),
      { numRuns: runs(500) },
    );
  });
});
