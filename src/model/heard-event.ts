import { isUtf8 } from 'node:buffer';
import { cursorTime, type Cursor } from './cursor.ts';
import type { HubEvent, NewEvent } from './event.ts';
import { JsonText, type ObjectValue, type Value } from './json.ts';
import { isPlain, scanValue } from './json-scan.ts';
import type { Trace } from './trace.ts';

/** What a message between nodes says of an event, in addition to the body. */
export interface Heading {
  /** Absent where the event is not in the log. */
  readonly id: Cursor | undefined;
  readonly previous: Cursor | undefined;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  /** Id, type, action, key and body as the message has them, one character for each byte, with 0xFF between them. */
  readonly packed?: string | undefined;
}

/** Stands between the parts of an event in a message. No text in UTF-8 has this byte. */
export const SEPARATOR = '\xff';

/**
 * The form of an event's body. In the first two it holds nothing that must be masked: either it is written as
 * `canonicalJson` writes it, or as its publisher did. In the third, `unmasked`, it may still hold something to mask.
 */
export type BodyForm = 'canonical' | 'as published' | 'unmasked';

/** Parses the body of an event. It returns `undefined` for a body that it rejects and reports. */
export interface BodyReader {
  readBody(event: HeardEvent): NewEvent | undefined;
}

/**
 * An event as a node receives it. Its topic is known, and its body is parsed only when its values are needed.
 * So an event that no client of the node wants costs no parsing.
 *
 * If the body turns out to be unreadable, this is reported once, and the event then has no values: see {@link isUnreadable}.
 */
export class HeardEvent implements HubEvent {
  readonly id: Cursor | undefined;
  readonly previous: Cursor | undefined;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  /** The body as one character for each byte, which takes less than a buffer and keeps none of the socket alive. */
  readonly bytes: string;
  /** See {@link Heading}; absent where the event is not in the log. */
  readonly packed: string | undefined;
  trace: Trace | undefined;
  readonly #form: BodyForm;
  readonly #usualAt: string | undefined;
  readonly #reader: BodyReader;
  /** `null` after the body was rejected. */
  #read: NewEvent | null | undefined;

  /** `usualAt` is the time of an event that is known to be written as usual, see {@link usualEvent}. */
  constructor(heading: Heading, bytes: string, form: BodyForm, reader: BodyReader, usualAt?: string) {
    this.id = heading.id;
    this.previous = heading.previous;
    this.type = heading.type;
    this.action = heading.action;
    this.key = heading.key;
    this.bytes = bytes;
    this.packed = heading.packed;
    this.trace = undefined;
    this.#form = form;
    this.#usualAt = usualAt;
    this.#reader = reader;
    this.#read = undefined;
  }

  /** Whether both are written in the same form and read by the same reader. */
  isLike(other: HeardEvent): boolean {
    return this.#form === other.#form && this.#reader === other.#reader;
  }

  /** The event that was {@link packed} as this text. It {@link isLike} this one. */
  unpack(packed: string, previous: Cursor): HeardEvent {
    const [id, type = '', action = '', key = '', bytes = ''] = packed.split(SEPARATOR);
    const [typeText = '', actionText = '', keyText = ''] = [type, action, key].map(textOf);
    const heading = { id, previous, type: typeText, action: actionText, key: keyText, packed };
    return new HeardEvent(heading, bytes, this.#form, this.#reader);
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

  /** Whether the body was parsed and rejected. */
  get isUnreadable(): boolean {
    return this.#read === null;
  }

  /** Its canonical JSON, if that is known without parsing the body. */
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

  /** Whether the body may contain a name. `false` is certain. Nothing is parsed for it. */
  mayHold(name: string): boolean {
    return this.bytes.includes(name) || this.bytes.includes('\\u');
  }

  get #values(): NewEvent | undefined {
    if (this.#read === undefined) this.#read = this.#reader.readBody(this) ?? null;
    return this.#read ?? undefined;
  }
}

/**
 * Whether a text has the form in which most publishers write an event: type, action, key and object in this order, nothing
 * else, and on one line. Such a text is canonical, except that the time is missing.
 */
function isUsual(text: string, { type, action, key }: Heading): boolean {
  const begin = `{"type":"${type}","action":"${action}","key":"${key}","object":`;
  return text.startsWith(begin) && isLastValue(text, begin.length, isPlain(text));
}

/** Whether the value at a place is the last one of the object, on one line. */
function isLastValue(text: string, at: number, plain: boolean): boolean {
  if (!plain && (text.includes('\n') || text.includes('\r'))) return false;
  try {
    return scanValue(text, at, plain) === text.length - 1 && text.endsWith('}');
  } catch {
    return false;
  }
}

const BEFORE_TYPE = '{"type":"';
const BEFORE_ACTION = '","action":"';
const BEFORE_KEY = '","key":"';
const BEFORE_OBJECT = '","object":';

/** The live event of a text in the form that most publishers write, or `undefined` for any other text. */
export function usualEvent(text: string): (NewEvent & Heading) | undefined {
  if (!text.startsWith(BEFORE_TYPE)) return undefined;
  const typeEnd = text.indexOf('"', BEFORE_TYPE.length);
  const actionAt = typeEnd + BEFORE_ACTION.length;
  const actionEnd = text.indexOf('"', actionAt);
  const keyAt = actionEnd + BEFORE_KEY.length;
  const keyEnd = text.indexOf('"', keyAt);
  const isInOrder =
    text.startsWith(BEFORE_ACTION, typeEnd) &&
    text.startsWith(BEFORE_KEY, actionEnd) &&
    text.startsWith(BEFORE_OBJECT, keyEnd);
  if (!isInOrder || typeEnd === BEFORE_TYPE.length || actionEnd === actionAt) return undefined;
  const objectAt = keyEnd + BEFORE_OBJECT.length;
  const plain = isPlain(text);
  if (!(plain || isPlain(text.slice(0, objectAt))) || !isLastValue(text, objectAt, plain)) return undefined;
  return {
    id: undefined,
    previous: undefined,
    type: text.slice(BEFORE_TYPE.length, typeEnd),
    action: text.slice(actionAt, actionEnd),
    key: text.slice(keyAt, keyEnd),
    object: new JsonText(text.slice(objectAt, -1)),
  };
}

/** Decodes UTF-8 from a text that has one character for each byte. Returns `undefined` if it is not UTF-8. */
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
