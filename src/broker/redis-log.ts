import { isCursor, START, type Cursor } from '../model/cursor.ts';
import { canonicalJson, type NewEvent } from '../model/event.ts';
import type { Redaction } from '../model/redaction.ts';
import { onlyNames, type Retention } from '../model/retention.ts';
import { tooBig } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';

/** The consumer group of the ingress, of which each node is a consumer. */
export const INGRESS_GROUP = 'belfry';

/** One entry of the log as it stands there. */
export interface LogEntry {
  readonly id: Cursor;
  /** The id before it; absent on an entry that was not written by publish.lua. */
  readonly previous: Cursor | undefined;
  /** Some format of an event in JSON, as far as anybody knows. */
  readonly body: Buffer;
}

/** What retain.lua asks of an event. The last is `names`, or empty: see `onlyNames`. */
export type Kind = readonly [type: string, action: string, key: string, says: string];

/** An event to be appended. */
export interface Body {
  readonly json: string;
  /** Where a retention rule keeps it. */
  readonly kind: Kind | undefined;
}

export interface BodyOptions {
  readonly redaction: Redaction;
  readonly retention: Retention;
  readonly maxEventBytes: number;
}

/** What nobody may see is masked, and an event that states no time gets this one. @throws ProtocolError `event_too_big` */
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

/** What Redis calls the things of one hub. All keys share a hash tag, so that a script may use them together on a cluster. */
export function redisNames(prefix: string) {
  return {
    /** Where nodes tell each other what the log took. */
    channel: `${prefix}:log`,
    /** Where anybody may say something live. */
    live: `${prefix}:events`,
    log: `{${prefix}}:log`,
    last: `{${prefix}}:last`,
    once: (key: string) => `{${prefix}}:once:${key}`,
    /** What became of what a node tried to publish. */
    outcomes: (boot: string) => `{${prefix}}:outcomes:${boot}`,
    /** By action too, or the lines of a container would push out its status. */
    tail: (type: string, action: string, key: string) =>
      `{${prefix}}:tail:${escaped(type)}.${escaped(action)}:${key}`,
    tails: (type: string) => `{${prefix}}:tails:${escaped(type)}`,
    changed: `{${prefix}}:changed`,
    /** What is kept, by when it was written, and how many bytes each takes. */
    written: `{${prefix}}:written`,
    held: `{${prefix}}:held`,
    latest: (type: string) => `{${prefix}}:latest:${type}`,
    /** What the function `belfry_publish` has to know of the hub. */
    rules: `{${prefix}}:rules`,
    ingress: `{${prefix}}:ingress`,
    settled: `{${prefix}}:ingress:settled`,
    deadLetters: `{${prefix}}:dead-letters`,
  };
}

export type RedisNames = ReturnType<typeof redisNames>;

/** The id of the last entry ever appended, whether it is still there or not. */
export async function lastOf(
  connection: Pick<RedisConnection, 'ask'>,
  { last }: Pick<RedisNames, 'last'>,
): Promise<Cursor> {
  return (await connection.ask((redis) => redis.get(last))) ?? START;
}

/**
 * Forgets what is older; up to a hundred such entries may stay. By the clock of Redis, which numbers them: a node whose
 * own is ahead would forget everything.
 */
export async function trimLog(
  connection: Pick<RedisConnection, 'ask'>,
  { log }: Pick<RedisNames, 'log'>,
  maxAgeMs: number,
): Promise<void> {
  const [seconds, micros] = await connection.ask((redis) => redis.time());
  const before = Math.max(0, Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - maxAgeMs);
  await connection.ask((redis) => redis.xtrim(log, 'MINID', '~', before));
}

/** As retain.lua does it: what separates the parts of a name may also stand in them. */
export function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll(':', '%3A');
}

export function fieldOf(fields: readonly Buffer[], name: string): Buffer | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toString('latin1') === name) return fields[i + 1];
  }
  return undefined;
}

/** Two cursors of 16 digits a part, and the spaces. */
const MAX_HEADER_BYTES = 70;
const [ZERO, NINE] = [0x30, 0x39];

/** `<previous> <id> <event>`, as publish.lua tells of an entry; `undefined` where a message is none. */
export function readMessage(message: Buffer): LogEntry | undefined {
  // A cheap look first.
  const [first = 0] = message;
  if (first < ZERO || first > NINE) return undefined;
  const header = message.subarray(0, MAX_HEADER_BYTES).toString('latin1');
  const [previous = '', id = '', rest] = header.split(' ', 3);
  if (rest === undefined || !isCursor(previous) || !isCursor(id)) return undefined;
  return { id, previous, body: message.subarray(previous.length + id.length + 2) };
}
