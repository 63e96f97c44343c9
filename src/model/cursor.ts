/**
 * A position in the log: the id of an event, `<milliseconds>-<sequence>` as Redis Streams number their entries.
 * Opaque to clients; ordered for us.
 */
export type Cursor = string;

/** Before the first event of a log. */
export const START: Cursor = '0-0';

/** After the last event that any log can have. */
export const END: Cursor = '999999999999999-999999999999999';

/** Fifteen digits are exact as a number, and without leading zeros one place has one text. */
const FORM = /^(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/;

export function isCursor(text: string): boolean {
  return FORM.test(text);
}

/** Negative when `a` is earlier than `b`, zero when they are the same place, positive when later. */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a === b) return 0;
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  const byTime = Number(a.slice(0, dashA)) - Number(b.slice(0, dashB));
  return byTime !== 0 ? byTime : Number(a.slice(dashA + 1)) - Number(b.slice(dashB + 1));
}

/** Before the first event that the log can have taken in at this time, in milliseconds since 1970. */
export function cursorAt(ms: number): Cursor {
  return ms <= 0 ? START : `${ms - 1}-999999999999999`;
}

/** The time at which the entry was appended, in milliseconds since 1970. */
export function cursorMs(cursor: Cursor): number {
  return Number(cursor.slice(0, cursor.indexOf('-')));
}

/** The same as RFC 3339 in UTC. */
export function cursorTime(cursor: Cursor): string {
  return new Date(cursorMs(cursor)).toISOString();
}
