/**
 * A position in the log of one shard: the id of an event, `<shard>:<milliseconds>-<sequence>`. Shard 0 is left out, so there it
 * is `<milliseconds>-<sequence>`, as Redis Streams number their entries. Clients must treat it as opaque. The hub compares
 * cursors of one shard; those of two shards have no order.
 */
export type Cursor = string;

/** The position before the first event of the log of shard 0. */
export const START: Cursor = '0-0';

/** The position after the last event that any log can have. */
export const END: Cursor = '999999999999999-999999999999999';

/** Numbers of fifteen digits are exact, and without leading zeros each position has only one text. */
const FORM = /^(?:[1-9]\d{0,8}:)?(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/;

export function isCursor(text: string): boolean {
  return FORM.test(text);
}

/** The shard in whose log the position is. */
export function shardOfCursor(cursor: Cursor): number {
  const colon = cursor.indexOf(':');
  return colon < 0 ? 0 : Number(cursor.slice(0, colon));
}

/** The cursor of an entry that Redis knows as `<milliseconds>-<sequence>`. */
export function cursorIn(shard: number, entry: string): Cursor {
  return shard === 0 ? entry : `${shard}:${entry}`;
}

/** The entry of a cursor, `<milliseconds>-<sequence>`, without its shard. */
export function entryOfCursor(cursor: Cursor): string {
  return cursor.slice(cursor.indexOf(':') + 1);
}

/** The position before the first event of the log of a shard. */
export function startOf(shard: number): Cursor {
  return cursorIn(shard, START);
}

/** Whether this is the position before the first event of a log. */
export function isStart(cursor: Cursor): boolean {
  return cursor === START || cursor.endsWith(`:${START}`);
}

/** The position after the last event that the log of a shard can have. */
export function endOf(shard: number): Cursor {
  return cursorIn(shard, END);
}

/**
 * Compares two positions of one shard. Negative when `a` is before `b`, zero when they are the same position, positive when
 * `a` is after `b`.
 */
export function compareCursors(a: Cursor, b: Cursor): number {
  return cursorMs(a) - cursorMs(b) || sequenceOf(a) - sequenceOf(b);
}

/**
 * The position before the first event that the log of a shard can have appended at this time, in milliseconds since
 * 1970.
 */
export function cursorAt(ms: number, shard = 0): Cursor {
  return cursorIn(shard, ms <= 0 ? START : `${ms - 1}-999999999999999`);
}

/** The position right before this one. */
export function cursorBefore(cursor: Cursor): Cursor {
  const dash = cursor.indexOf('-');
  const sequence = Number(cursor.slice(dash + 1));
  return sequence > 0
    ? `${cursor.slice(0, dash)}-${sequence - 1}`
    : cursorAt(cursorMs(cursor), shardOfCursor(cursor));
}

/** The position right after this one. */
export function cursorPast(cursor: Cursor): Cursor {
  return `${cursor.slice(0, cursor.indexOf('-'))}-${sequenceOf(cursor) + 1}`;
}

/**
 * The positions between which there is this event and no other. Each also says where the other shards go on: from the same
 * time, so that none of their events is between them.
 */
export function aroundEvent(id: Cursor): { readonly since: Cursor; readonly until: Cursor } {
  return { since: cursorBefore(id), until: cursorPast(id) };
}

/** The time at which the entry was appended, in milliseconds since 1970. */
export function cursorMs(cursor: Cursor): number {
  return Number(cursor.slice(cursor.indexOf(':') + 1, cursor.indexOf('-')));
}

/** The number of an entry among those of its millisecond. */
export function sequenceOf(cursor: Cursor): number {
  return Number(cursor.slice(cursor.indexOf('-') + 1));
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
