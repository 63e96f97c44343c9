import { compareCursors, START, type Cursor } from '../model/cursor.ts';

/** Of what lay after `from` nothing is promised up to `to`, the oldest place from which on nothing is missing. */
export type Gap = {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly reason: 'trimmed' | 'log lost' | 'unknown cursor';
};

/**
 * What is missing between a place that somebody asked for and the one that the first event after it names as the one
 * before it. Where that is another, there is a gap between, or the place is of a log that is no more.
 */
export function gapBetween(position: Cursor, previous: Cursor): Gap | undefined {
  const order = compareCursors(previous, position);
  if (order === 0) return undefined;
  const lost = previous === START ? 'log lost' : 'unknown cursor';
  return { from: position, to: previous, reason: order > 0 ? 'trimmed' : lost };
}
