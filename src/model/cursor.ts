/**
 * A position in the log: the id of an event, `<milliseconds>-<sequence>` as Redis Streams number their entries.
 * Clients must treat it as opaque; the hub compares cursors.
 */
export type Cursor = string;

/** The position before the first event of a log. */
export const START: Cursor = '0-0';

/** The position after the last event that any log can have. */
export const END: Cursor = '999999999999999-999999999999999';

/** Numbers of fifteen digits are exact, and without leading zeros each position has only one text. */
const FORM = /^(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/;

export function isCursor(text: string): boolean {
  return FORM.test(text);
}

/** Negative when `a` is before `b`, zero when they are the same position, positive when `a` is after `b`. */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a === b) return 0;
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  const byTime = Number(a.slice(0, dashA)) - Number(b.slice(0, dashB));
  return byTime !== 0 ? byTime : Number(a.slice(dashA + 1)) - Number(b.slice(dashB + 1));
}

/** The position before the first event that the log can have appended at this time, in milliseconds since 1970. */
export function cursorAt(ms: number): Cursor {
  return ms <= 0 ? START : `${ms - 1}-999999999999999`;
}

/** The position right before this one. */
export function cursorBefore(cursor: Cursor): Cursor {
  const sequence = Number(cursor.slice(cursor.indexOf('-') + 1));
  return sequence > 0 ? `${cursorMs(cursor)}-${sequence - 1}` : cursorAt(cursorMs(cursor));
}

/** The time at which the entry was appended, in milliseconds since 1970. */
export function cursorMs(cursor: Cursor): number {
  return Number(cursor.slice(0, cursor.indexOf('-')));
}

/** The last time that was written, since many events come within one millisecond. */
let lastMs = 0;
let lastTime = '1970-01-01T00:00:00.000Z';

/** A time in milliseconds since 1970, as RFC 3339 in UTC. */
export function timeAt(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}

/** The time at which the entry was appended, as RFC 3339 in UTC. */
export function cursorTime(cursor: Cursor): string {
  return timeAt(cursorMs(cursor));
}
