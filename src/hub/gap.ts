import { compareCursors, START, type Cursor } from '../model/cursor.ts';

/** Events between two positions may be missing. From `to` on nothing is missing. */
export type Gap = {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly reason: 'trimmed' | 'log lost' | 'unknown cursor';
};

/**
 * The gap after a position that a client asked for. `previous` is the position that the next event names as the one
 * before it. If the two differ, there is a gap between them, or the position belongs to a log that was lost.
 */
export function gapBetween(position: Cursor, previous: Cursor): Gap | undefined {
  const order = compareCursors(previous, position);
  if (order === 0) return undefined;
  const lost = previous === START ? 'log lost' : 'unknown cursor';
  return { from: position, to: previous, reason: order > 0 ? 'trimmed' : lost };
}
