import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareCursors,
  cursorAt,
  cursorIn as cursorOfEntry,
  isCursor,
  startOf,
} from '../../src/model/cursor.ts';
import {
  cursorAfter,
  earlierOf,
  isAfter,
  isPosition,
  laterOf,
  PositionVector,
  VECTOR_FORM,
  vectorOf,
} from '../../src/model/position.ts';
import { momentOf } from '../../src/model/time.ts';
import { runs } from '../support/runs.ts';

const SHARDS = 5;
const cursorIn = (shard: number, ms: number, sequence: number): string =>
  cursorOfEntry(shard, `${ms}-${sequence}`);
const number = fc.oneof(
  fc.nat({ max: 3 }),
  fc.nat({ max: 2_000_000_000_000 }),
  fc.constant(999_999_999_999_999),
);
const cursors = fc
  .array(fc.tuple(fc.nat({ max: SHARDS - 1 }), number, number))
  .map(
    (list) =>
      new Map(
        list
          .map(([shard, ms, sequence]) => [shard, cursorIn(shard, ms, sequence)] as const)
          .toSorted(([a], [b]) => a - b),
      ),
  );
const vector = fc
  .tuple(cursors, number, fc.oneof(fc.constant(0), fc.integer({ min: SHARDS, max: SHARDS + 2 })))
  .map(([named, baseMs, known]) => new PositionVector(named, baseMs, known));
const plain = fc.tuple(number, number).map(([ms, sequence]) => cursorIn(0, ms, sequence));
const position = fc.oneof(
  vector.map(({ text }) => text),
  plain,
  fc.tuple(fc.nat({ max: SHARDS - 1 }), number, number).map((parts) => cursorIn(...parts)),
);
const isOfHub = (text: string): boolean => (vectorOf(text)?.known ?? 0) > 0;
/** Also shards that no position names, and shards that began after it. */
const ANY_SHARD = Array.from({ length: SHARDS + 4 }, (_, shard) => shard);

describe('a position in a log of several shards', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(vector, (written) => {
        const read = vectorOf(written.text);
        expect([...(read?.cursors ?? [])]).toEqual([...written.cursors]);
        expect([read?.baseMs, read?.known]).toEqual([written.baseMs, written.known]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('is no cursor and no time, and stands in headers and URLs as it is', () => {
    fc.assert(
      fc.property(vector, ({ text }) => {
        expect(text).toMatch(/^v[\w-]+$/);
        expect(momentOf(text)).toBeUndefined();
        expect(encodeURIComponent(text)).toBe(text);
      }),
      { numRuns: runs(200) },
    );
  });

  it('takes about seven characters for each busy shard', () => {
    const now = 1_785_000_000_000;
    const named = new Map(
      Array.from({ length: 12 }, (_, i) => [i + 1, cursorIn(i + 1, now - 400 * i, i % 3)]),
    );
    expect(new PositionVector(named, now, 13).text.length).toBeLessThan(75);
  });

  it('names where each shard goes on: at its cursor, from the time of the others, or from its start where it began later', () => {
    const at = new PositionVector(new Map([[2, '2:1000-3']]), 1_500, 4);
    expect(at.in(2)).toBe('2:1000-3');
    expect(at.in(3)).toBe(cursorAt(1_500, 3));
    expect(at.in(4)).toBe(startOf(4));
    expect([2, 3, 4].map((shard) => at.isExactIn(shard))).toEqual([true, false, true]);
  });

  it('can be the id of an event: after it in its shard, from its time on in all others', () => {
    expect(cursorAfter('3:1000-7', 3)).toBe('3:1000-7');
    expect(cursorAfter('3:1000-7', 0)).toBe(cursorAt(1_000));
    expect(cursorAfter('1000-7', 9)).toBe(cursorAt(1_000, 9));
  });

  it('can be made from a time, from which all shards go on alike', () => {
    for (const shard of ANY_SHARD) expect(cursorAfter(cursorAt(1_000), shard)).toBe(cursorAt(1_000, shard));
  });

  it.each([
    '',
    'v',
    'vA',
    'x',
    'vAA!',
    'v AA',
    '1-',
    '2:1-0-',
    'vgggg',
    `v${'_'.repeat(40)}`,
    'vAAAAAA',
    '0:1-0',
  ])('is not "%s"', (text) => {
    expect(isPosition(text)).toBe(false);
  });

  it('is read from any text of its form, with cursors that are usable', () => {
    fc.assert(
      fc.property(fc.stringMatching(VECTOR_FORM, { size: 'medium' }), (text) => {
        const read = vectorOf(text);
        for (const shard of [...ANY_SHARD, ...(read?.cursors.keys() ?? [])])
          expect(isCursor(read?.in(shard) ?? '')).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  it('has the earlier one of two, in each shard, and the later one', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        for (const shard of ANY_SHARD) {
          // Only who knows how many shards there were can tell which began later.
          if (shard >= SHARDS && isOfHub(a) !== isOfHub(b)) continue;
          const [lower, higher] = [cursorAfter(a, shard), cursorAfter(b, shard)].toSorted(compareCursors);
          expect(cursorAfter(earlierOf(a, b), shard)).toBe(lower);
          expect(cursorAfter(laterOf(a, b), shard)).toBe(higher);
        }
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('is told apart by the events that are still to come', () => {
    const at = new PositionVector(
      new Map([
        [1, '1:50-0'],
        [2, '2:10-0'],
      ]),
      50,
      3,
    ).text;
    expect(isAfter('1:50-0', at)).toBe(false);
    expect(isAfter('1:50-1', at)).toBe(true);
    expect(isAfter('2:11-0', at)).toBe(true);
    expect(isAfter('49-0', at)).toBe(false);
    expect(isAfter('50-0', at)).toBe(true);
  });
});
