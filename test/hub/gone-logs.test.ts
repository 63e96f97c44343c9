import { describe, expect, it } from 'vitest';
import { goneAfter, goneMs } from '../../src/hub/gone-logs.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { textOf, vectorOf, type Position, type PositionVector } from '../../src/model/position.ts';
import { Layout } from '../../src/model/shards.ts';

/** A hub of two shards that was divided into three. Nothing was published to its second shard. */
const LAYOUT = new Layout([
  { first: 1, count: 2, fans: {} },
  { first: 3, count: 3, fans: {}, after: { 1: '5000-7', 2: '0-0' } },
]);
const GONE = LAYOUT.withoutOldest();
const ALL = [{ pattern: Pattern.parse('*.*.*') }];

const read = (position: Position): PositionVector => {
  const vector = vectorOf(position);
  if (vector === undefined) throw new Error(`"${position}" is not a position.`);
  return vector;
};
const missed = (layout: Layout, position: Position): [number, string][] => [
  ...goneAfter(layout, ALL, read(position)),
];

describe('a log that has run out since the hub was divided anew', () => {
  it('is missed by a client whose position lies before its end, or names an earlier time', () => {
    expect(missed(GONE, textOf([[1, '1:5000-6']], 5_000, 3))).toEqual([[1, '1:5000-7']]);
    expect(missed(GONE, textOf([[0, '6000-1']], 5_000, 3))).toEqual([[1, '1:5000-7']]);
  });

  it('is not missed by a client that has its last event, or a later position, or that had nothing there', () => {
    expect(missed(GONE, textOf([[1, '1:5000-7']], 5_000, 3))).toEqual([]);
    expect(missed(GONE, textOf([[0, '6000-1']], 6_000, 3))).toEqual([]);
    expect(missed(LAYOUT, textOf([[1, '1:1-1']], 1, 3))).toEqual([]);
  });

  it('is not missed after a position that was given out since, though nothing was published since', () => {
    const begin = LAYOUT.beginOf(3);
    expect(goneMs(LAYOUT)).toBe(0);
    expect(missed(GONE, textOf([[3, begin]], Math.max(5_000, goneMs(GONE)), 6))).toEqual([]);
  });
});
