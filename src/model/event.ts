import { ProtocolError } from './errors.ts';
import type { Cursor } from './cursor.ts';
import { textOf, type ObjectValue, type Value } from './json.ts';
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
  /** Who caused it; set by the hub wherever it knows who is publishing. */
  readonly principal?: string;
  /** The thing after the change, or the payload. */
  readonly object: Value;
  /** The thing before the change. */
  readonly original?: Value;
  readonly metadata?: ObjectValue;
}

/** The one thing that travels. */
export interface HubEvent extends NewEvent {
  readonly time: string;
  /** Its position in the log; absent on live-only events, which are not kept. */
  readonly id?: Cursor;
  /** The id before it in the log, by which a node notices a gap. */
  readonly previous?: Cursor;
  /** Length of its JSON as it came, by which memory that keeps events is bounded. */
  readonly size: number;
  /** Who follows it on this node; absent on all but those of a sampled trace. */
  readonly trace?: Trace;
}

/** The type of the hub's own events: replies to commands, gaps. Nobody else may publish it. */
export const HUB_TYPE = 'belfry';

/** Replies of the hub, and DRP's acks, which its clients count one by one: these stand in no log at all. */
const UNLOGGED_TYPES = [HUB_TYPE, 'websocket'] as const;

/** What the connection registry tells; whoever hears it takes it for true. */
export const REGISTRY_TYPES: readonly string[] = ['connections', 'presence', 'tokens'];

/** Types that only the hub itself publishes. To the letter, as patterns match them. */
export const RESERVED_TYPES: readonly string[] = [...UNLOGGED_TYPES, ...REGISTRY_TYPES];
const RESERVED: ReadonlySet<string> = new Set(RESERVED_TYPES);
const UNLOGGED: ReadonlySet<string> = new Set(UNLOGGED_TYPES);

/** Of an event that somebody publishes. @throws ProtocolError `type_reserved` */
export function refuseReservedType(event: NewEvent): void {
  if (RESERVED.has(event.type)) throw reserved(event);
}

/** Of an event that stands in the log, where the registry writes as well. @throws ProtocolError `type_reserved` */
export function refuseUnloggedType(event: NewEvent): void {
  if (UNLOGGED.has(event.type)) throw reserved(event);
}

function reserved({ type }: NewEvent): ProtocolError {
  return new ProtocolError(
    'type_reserved',
    `The type "${type}" is reserved for the hub. Expected any other type.`,
  );
}

/** The JSON that stands in the log: the canonical format, without id. Values are as they were published. */
export function canonicalJson(event: NewEvent): string {
  const { time, type, action, key, principal } = event;
  return withValues({ time, type, action, key, principal }, event);
}

/** The same with its id, as clients hear it. */
export function heardJson(event: HubEvent): string {
  const { id, time, type, action, key, principal } = event;
  return withValues({ id, time, type, action, key, principal }, event);
}

function withValues(envelope: object, { object, original, metadata }: NewEvent): string {
  let text = JSON.stringify(envelope).slice(0, -1);
  if (object !== undefined) text += `,"object":${textOf(object)}`;
  if (original !== undefined) text += `,"original":${textOf(original)}`;
  if (metadata !== undefined) text += `,"metadata":${textOf(metadata)}`;
  return `${text}}`;
}
