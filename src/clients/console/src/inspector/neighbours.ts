import { aroundEvent, compareCursors, type Cursor } from '../../../../model/cursor.ts';
import { exactPattern } from '../../../../model/exact-pattern.ts';
import { readPage } from '../live/hub-source.ts';
import type { EventRow } from '../live/rows.ts';
import { defaultPatterns } from '../live/live-query.ts';
import type { Me } from '../session/me.ts';

/** A page looks at some thousand events. So many pages are read in search of one event. */
const PAGES_MAX = 10;

/** The event with this id, or `undefined` if the log does not have it, or not for the one who is signed in. */
export async function readEvent(id: Cursor, me: Me, signal: AbortSignal): Promise<EventRow | undefined> {
  const query = queryOf(defaultPatterns(me));
  for (const [name, position] of Object.entries(aroundEvent(id))) query.set(name, position);
  query.set('limit', '1');
  const { rows } = await readPage(query, signal);
  return rows.find((row) => row.kind === 'event' && row.id === id) as EventRow | undefined;
}

/** An event, or how far the search has come without one. */
export interface Neighbour {
  readonly row: EventRow | undefined;
  /** Present if the search ended before the log did. */
  readonly searchedTo: Cursor | undefined;
}

/** The event of the same type and key right before this position. */
export async function readBefore(
  type: string,
  key: string,
  position: Cursor,
  signal: AbortSignal,
): Promise<Neighbour> {
  const query = queryOf([exactPattern(type, undefined, key)]);
  let until: Cursor | undefined = position;
  for (let pages = 0; until !== undefined && pages < PAGES_MAX; pages++) {
    query.set('until', until);
    query.set('limit', '1');
    const { rows, earlier }: Awaited<ReturnType<typeof readPage>> = await readPage(query, signal);
    const row = rows.findLast((each) => each.kind === 'event');
    if (row !== undefined) return { row, searchedTo: undefined };
    until = earlier;
  }
  return { row: undefined, searchedTo: until };
}

/** The event of the same type and key right after this position. */
export async function readAfter(
  type: string,
  key: string,
  position: Cursor,
  signal: AbortSignal,
): Promise<Neighbour> {
  const query = queryOf([exactPattern(type, undefined, key)]);
  let since = position;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    query.set('since', since);
    query.set('limit', '1');
    const { rows, cursor, more } = await readPage(query, signal);
    const row = rows.find((each) => each.kind === 'event');
    if (row !== undefined) return { row, searchedTo: undefined };
    if (!more || compareCursors(cursor, since) <= 0) return { row: undefined, searchedTo: undefined };
    since = cursor;
  }
  return { row: undefined, searchedTo: since };
}

function queryOf(patterns: readonly string[]): URLSearchParams {
  return new URLSearchParams(patterns.map((pattern) => ['pattern', pattern] as [string, string]));
}
