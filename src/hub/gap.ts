import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { Position } from '../model/position.ts';

/** Events between two positions may be missing. From `to` on nothing is missing. */
export type Gap = {
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
};

export type GapReason = 'trimmed' | 'log lost' | 'unknown cursor';

/**
 * Why there is a gap after a cursor that a client asked for, if there is one. `previous` is the cursor that the next event of
 * the shard names as the one before it. If the two differ, there is a gap between them, or the cursor belongs to a log that
 * was lost.
 */
export function gapBetween(asked: Cursor, previous: Cursor): GapReason | undefined {
  const order = compareCursors(previous, asked);
  if (order === 0) return undefined;
  const lost = compareCursors(previous, START) === 0 ? 'log lost' : 'unknown cursor';
  return order > 0 ? 'trimmed' : lost;
}
