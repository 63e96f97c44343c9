import { ProtocolError } from './errors.ts';
import type { Cursor } from './cursor.ts';
import { textOf, type ObjectValue, type Value } from './json.ts';
import type { Position } from './position.ts';
import type { Trace } from './trace.ts';

/** An event as a publisher states it. The hub fills in the time when it is absent. */
export interface NewEvent {
  /** RFC 3339, kept to the digit as published. */
  readonly time?: string;
  /** What kind of thing it is about: `profiles`, `deploy`, `cluster`. */
  readonly type: string;
  /** What happened to it: `save`, `step`, `added`. */
  readonly action: string;
  /** Which one: a name or id; may hold dots, may be empty. */
  readonly key: string;
  /** Who caused it. The hub sets it wherever it knows the publisher. */
  readonly principal?: string | undefined;
  /** The thing after the change, or the payload. */
  readonly object: Value;
  /** The thing before the change. */
  readonly original?: Value | undefined;
  readonly metadata?: ObjectValue | undefined;
  /** What every repetition of the event has in common, where its format says so. It is no part of the event. */
  readonly repeatedAs?: string;
}

/** An event as the hub carries it. */
export interface HubEvent extends NewEvent {
  readonly time: string;
  /** Its position in the log; absent on live-only events, which are not in the log. */
  readonly id?: Cursor | undefined;
  /** The id of the event before it in the log, by which a node notices a gap. */
  readonly previous?: Cursor | undefined;
  /** The length of its JSON as received, by which memory that holds events is bounded. */
  readonly size: number;
  /** The trace of the event on this node; present only on events of a sampled trace. */
  readonly trace?: Trace | undefined;
  /** Its {@link canonicalJson}, where a node has heard it so and nothing in it was masked since. */
  readonly canonical?: string | undefined;
  /** Whether its body was rejected when somebody asked for what stands there. It has then no values. */
  readonly isUnreadable?: boolean;
}

/** The type of the hub's own events, such as replies to commands and gaps. Publishers may not use it. */
export const HUB_TYPE = 'belfry';

/** Types that never stand in a log: replies of the hub, and DRP's acks, which its clients count one by one. */
const UNLOGGED_TYPES = [HUB_TYPE, 'websocket'] as const;

/** The types of the hub's own events about itself, and of its grants. Their readers trust them, so nobody else may publish them. */
export const REGISTRY_TYPES: readonly string[] = ['connections', 'presence', 'tokens', 'interest'];

/** Types that only the hub itself publishes. They are compared to the letter, as patterns do. */
export const RESERVED_TYPES: readonly string[] = [...UNLOGGED_TYPES, ...REGISTRY_TYPES];
const RESERVED: ReadonlySet<string> = new Set(RESERVED_TYPES);
const UNLOGGED: ReadonlySet<string> = new Set(UNLOGGED_TYPES);

/** Refuses a reserved type in an event of a publisher. @throws ProtocolError `type_reserved` */
export function refuseReservedType(event: NewEvent): void {
  if (RESERVED.has(event.type)) throw reserved(event);
}

/**
 * Refuses a type that never stands in the log. The types of the registry do stand there. @throws ProtocolError
 * `type_reserved`
 */
export function refuseUnloggedType(event: Pick<NewEvent, 'type'>): void {
  if (UNLOGGED.has(event.type)) throw reserved(event);
}

function reserved({ type }: Pick<NewEvent, 'type'>): ProtocolError {
  return new ProtocolError(
    'type_reserved',
    `The type "${type}" is reserved for the hub. Expected any other type.`,
  );
}

/** The JSON of an event in the log: the canonical format, without the id. Values stay as they were published. */
export function canonicalJson(event: NewEvent): string {
  const { time, type, action, key, principal } = event;
  return withValues({ time, type, action, key, principal }, event);
}

/**
 * The JSON of an event with its id, as clients hear it. In a log of several shards it also has the position up to which its
 * client was then given everything.
 */
export function heardJson(event: HubEvent, position?: Position): string {
  const { id, canonical } = event;
  if (canonical !== undefined) {
    if (id === undefined) return canonical;
    const placed = position === undefined ? '' : `"position":"${position}",`;
    return `{"id":"${id}",${placed}${canonical.slice(1)}`;
  }
  const { time, type, action, key, principal } = event;
  return withValues({ id, position, time, type, action, key, principal }, event);
}

function withValues(envelope: object, { object, original, metadata }: NewEvent): string {
  let text = JSON.stringify(envelope).slice(0, -1);
  if (object !== undefined) text += `,"object":${textOf(object)}`;
  if (original !== undefined) text += `,"original":${textOf(original)}`;
  if (metadata !== undefined) text += `,"metadata":${textOf(metadata)}`;
  return `${text}}`;
}
