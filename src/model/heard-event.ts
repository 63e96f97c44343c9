import { isUtf8 } from 'node:buffer';
import { cursorTime, type Cursor } from './cursor.ts';
import type { HubEvent, NewEvent } from './event.ts';
import { JsonText, type ObjectValue, type Value } from './json.ts';
import { isPlain, scanValue } from './json-scan.ts';
import type { Trace } from './trace.ts';

/** What the message of an event says of it, beside the body. */
export interface Heading {
  /** Absent where the event is not in the log. */
  readonly id: Cursor | undefined;
  readonly previous: Cursor | undefined;
  readonly type: string;
  readonly action: string;
  readonly key: string;
}

/**
 * How the body of an event is written: as `canonicalJson` has it, or as its publisher wrote it, and in both cases showing
 * nothing that must be masked; or else `unmasked`.
 */
export type BodyForm = 'canonical' | 'as published' | 'unmasked';

/** Reads the body of an event; `undefined` where it is rejected, which the reader has then reported. */
export interface BodyReader {
  readBody(event: HeardEvent): NewEvent | undefined;
}

/**
 * An event as a node hears it: its topic is known, and its body is parsed only when somebody asks for what stands there.
 * So an event that no client of the node wants costs no parsing.
 *
 * A body that turns out to be unreadable is reported once, and the event has then no values: see {@link isUnreadable}.
 */
export class HeardEvent implements HubEvent {
  readonly id: Cursor | undefined;
  readonly previous: Cursor | undefined;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  /** The body as one character for each byte, which takes less than a buffer and keeps none of the socket alive. */
  readonly bytes: string;
  trace: Trace | undefined;
  readonly #form: BodyForm;
  readonly #usualAt: string | undefined;
  readonly #reader: BodyReader;
  /** `null` once the reader has rejected it. */
  #read: NewEvent | null | undefined;

  /** `usualAt` is the time of an event that is known to be written as usual, see {@link usualEvent}. */
  constructor(heading: Heading, bytes: string, form: BodyForm, reader: BodyReader, usualAt?: string) {
    this.id = heading.id;
    this.previous = heading.previous;
    this.type = heading.type;
    this.action = heading.action;
    this.key = heading.key;
    this.bytes = bytes;
    this.trace = undefined;
    this.#form = form;
    this.#usualAt = usualAt;
    this.#reader = reader;
    this.#read = undefined;
  }

  get size(): number {
    return this.bytes.length;
  }

  get time(): string {
    return this.#values?.time ?? this.#usualAt ?? (this.id === undefined ? '' : cursorTime(this.id));
  }

  get principal(): string | undefined {
    return this.#values?.principal;
  }

  get object(): Value {
    return this.#values?.object ?? null;
  }

  get original(): Value | undefined {
    return this.#values?.original;
  }

  get metadata(): ObjectValue | undefined {
    return this.#values?.metadata;
  }

  /** Whether somebody asked for its values, and the body was rejected. */
  get isUnreadable(): boolean {
    return this.#read === null;
  }

  /** Its canonical JSON, where that is known without parsing. */
  get canonical(): string | undefined {
    if (this.#form === 'unmasked') return undefined;
    const text = textOf(this.bytes);
    if (text === undefined) return undefined;
    if (this.#form === 'canonical')
      return text.startsWith('{"time":"') && text.endsWith('}') ? text : undefined;
    if (this.#usualAt !== undefined) return `{"time":"${this.#usualAt}",${text.slice(1)}`;
    if (this.id === undefined || !isUsual(text, this)) return undefined;
    return `{"time":"${cursorTime(this.id)}",${text.slice(1)}`;
  }

  /** Whether a name may stand in the body: for certain where this is `false`. It parses nothing. */
  mayHold(name: string): boolean {
    return this.bytes.includes(name) || this.bytes.includes('\\u');
  }

  get #values(): NewEvent | undefined {
    if (this.#read === undefined) this.#read = this.#reader.readBody(this) ?? null;
    return this.#read ?? undefined;
  }
}

/**
 * Whether a text is how most publishers write an event: its type, action, key and object in this order, and nothing
 * else, on one line. Such a text is canonical but for the time.
 */
function isUsual(text: string, { type, action, key }: Heading): boolean {
  const begin = `{"type":"${type}","action":"${action}","key":"${key}","object":`;
  return text.startsWith(begin) && isLastValue(text, begin.length);
}

/** Whether the value at a place is the last one of the object, on one line. */
function isLastValue(text: string, at: number): boolean {
  if (text.includes('\n') || text.includes('\r')) return false;
  try {
    return scanValue(text, at, isPlain(text)) === text.length - 1 && text.endsWith('}');
  } catch {
    return false;
  }
}

const USUAL = /^\{"type":"([^"\\\p{Cc}]+)","action":"([^"\\\p{Cc}]+)","key":"([^"\\\p{Cc}]*)","object":/u;

/** The event of a text that is written as most publishers write one; `undefined` for any other text. */
export function usualEvent(text: string): NewEvent | undefined {
  const [begin = '', type = '', action = '', key = ''] = USUAL.exec(text) ?? [];
  if (begin === '' || !isLastValue(text, begin.length)) return undefined;
  return { type, action, key, object: new JsonText(text.slice(begin.length, -1)) };
}

/** The text of bytes of UTF-8 that are written as one character each; `undefined` where they are not UTF-8. */
export function textOf(bytes: string): string | undefined {
  // In ASCII, and nowhere else, UTF-8 takes one byte for each character.
  if (Buffer.byteLength(bytes) === bytes.length) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString() : undefined;
}

/** The same event with other values. */
export function changed<Event extends NewEvent>(event: Event, by: Partial<NewEvent>): Event {
  const values = event instanceof HeardEvent ? (valuesOf(event) as NewEvent as Event) : event;
  return { ...values, ...by };
}

/** The same event, followed by a trace on this node. */
export function traced(event: HubEvent, trace: Trace): HubEvent {
  if (!(event instanceof HeardEvent)) return { ...event, trace };
  event.trace = trace;
  return event;
}

function valuesOf(event: HeardEvent): HubEvent {
  const { id, previous, type, action, key, size, trace, time, principal, object, original, metadata } = event;
  return {
    ...(id !== undefined && { id }),
    ...(previous !== undefined && { previous }),
    time,
    type,
    action,
    key,
    ...(principal !== undefined && { principal }),
    object,
    ...(original !== undefined && { original }),
    ...(metadata !== undefined && { metadata }),
    size,
    ...(trace !== undefined && { trace }),
  };
}
