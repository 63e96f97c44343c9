import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';

/** Of what lay after `from` nothing is promised up to `to`, the oldest place from which on nothing is missing. */
export type Gap = {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly reason: 'trimmed' | 'log lost' | 'unknown cursor';
};

/**
 * What is missing between a place that somebody asked for and the first event after it. Each event names the one before
 * it, so a place that this one does not name is beyond a hole, or of a log that is no more.
 */
export function gapBetween(place: Cursor, { previous = START }: HubEvent): Gap | undefined {
  const order = compareCursors(previous, place);
  if (order === 0) return undefined;
  const lost = previous === START ? 'log lost' : 'unknown cursor';
  return { from: place, to: previous, reason: order > 0 ? 'trimmed' : lost };
}
