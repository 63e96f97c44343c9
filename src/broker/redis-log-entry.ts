import { isCursor, START, type Cursor } from '../model/cursor.ts';
import { canonicalJson, type NewEvent } from '../model/event.ts';
import type { Redaction } from '../model/redaction.ts';
import { onlyNames, type Retention } from '../model/retention.ts';
import { tooBig } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

/** One entry of the log as Redis holds it. */
export interface LogEntry {
  readonly id: Cursor;
  /** The id of the entry before; absent on an entry that was not written by publish.lua. */
  readonly previous: Cursor | undefined;
  /** Presumably an event in JSON, in any format; nobody has checked it yet. */
  readonly body: Buffer;
}

/** What retain.lua needs to know of an event. The last part is `names` or empty: see `onlyNames`. */
export type Kind = readonly [type: string, action: string, key: string, says: string];

/** An event as it is appended to the log. */
export interface Body {
  readonly json: string;
  /** Present where a retention rule keeps the event. */
  readonly kind: Kind | undefined;
}

export interface BodyOptions {
  readonly redaction: Redaction;
  readonly retention: Retention;
  readonly maxEventBytes: number;
}

/**
 * Makes the JSON of an event: masks what nobody may see, and fills in the time `now` where the event has none.
 * @throws ProtocolError `event_too_big`
 */
export function bodyOf(
  written: NewEvent,
  now: number,
  { redaction, retention, maxEventBytes }: BodyOptions,
): Body {
  const event = redaction.mask(written);
  const json = canonicalJson({ ...event, time: event.time ?? new Date(now).toISOString() });
  const bytes = Buffer.byteLength(json);
  if (bytes > maxEventBytes) throw tooBig(bytes, maxEventBytes);
  const { type, action, key } = event;
  return { json, kind: retention.of(event) && [type, action, key, onlyNames(event) ? 'names' : ''] };
}

/** The id of the last entry that was ever appended, whether the log still holds it or not. */
export async function lastOf(
  connection: Pick<RedisConnection, 'ask'>,
  { last }: Pick<RedisKeys, 'last'>,
): Promise<Cursor> {
  return (await connection.ask((redis) => redis.get(last))) ?? START;
}

export function fieldOf(fields: readonly Buffer[], name: string): Buffer | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toString('latin1') === name) return fields[i + 1];
  }
  return undefined;
}

/** Two cursors with parts of 16 digits, and the spaces. */
const MAX_HEADER_BYTES = 70;
const [ZERO, NINE] = [0x30, 0x39];

/** Reads a message `<previous> <id> <event>`, as publish.lua sends it; `undefined` for any other message. */
export function readMessage(message: Buffer): LogEntry | undefined {
  // A cheap check first.
  const [first = 0] = message;
  if (first < ZERO || first > NINE) return undefined;
  const header = message.subarray(0, MAX_HEADER_BYTES).toString('latin1');
  const [previous = '', id = '', rest] = header.split(' ', 3);
  if (rest === undefined || !isCursor(previous) || !isCursor(id)) return undefined;
  return { id, previous, body: message.subarray(previous.length + id.length + 2) };
}
