import { cursorIn, START, type Cursor } from '../model/cursor.ts';
import type { NewEvent } from '../model/event.ts';
import type { Redaction } from '../model/redaction.ts';
import { onlyNames, type Retention } from '../model/retention.ts';
import { eventAsLogged } from './logged-event.ts';
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

/**
 * What publish.lua needs to know of an event. The last part is `names` or empty, for retain.lua: see `onlyNames`. It says
 * something only where a retention rule keeps the event.
 */
export type Kind = readonly [type: string, action: string, key: string, says: string];

/** An event as it is appended to the log. */
export interface Body {
  readonly json: string;
  readonly kind: Kind;
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
  const { event, json } = eventAsLogged(written, now, { redaction, eventMaxBytes: maxEventBytes });
  const { type, action, key } = event;
  const says = retention.of(event) && onlyNames(event) ? 'names' : '';
  return { json, kind: [type, action, key, says] };
}

/** The id of the last entry that was ever appended, whether the log still holds it or not. */
export async function lastOf(
  connection: Pick<RedisConnection, 'ask'>,
  { last, shard }: Pick<RedisKeys, 'last' | 'shard'>,
): Promise<Cursor> {
  const text = await connection.ask((redis) => redis.get(last));
  // hub-names.lua says what stands after the id.
  return cursorIn(shard, text?.split(' ', 1)[0] ?? START);
}

export function fieldOf(fields: readonly Buffer[], name: string): Buffer | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toString('latin1') === name) return fields[i + 1];
  }
  return undefined;
}
