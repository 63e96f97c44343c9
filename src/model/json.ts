import { isUtf8 } from 'node:buffer';
import { ExactNumber, parseExactly } from './exact-number.ts';
import { invalid, scanValue, skipSpace, unexpected } from './json-scan.ts';

export { MAX_DEPTH } from './json-scan.ts';

/** {@link ExactNumber} is found only where numbers are read exactly. */
export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** A value of an event: as it was written, or as the hub itself has made it. */
export type Value = Json | JsonText;
/** The same, of which it is known that it is an object. */
export type ObjectValue = JsonObject | JsonText;

/** The fields of an object, of which those that hold a value of an event are as they were written. */
export type Fields = { readonly [name: string]: Value };
/** What may be an event in some spelling. */
export type Body = Json | Fields;

/** Where the dialects write a value of an event, or events. In whatever case, as Go reads names. */
const VALUES: ReadonlySet<string> = new Set(['object', 'original', 'metadata', 'payload', 'data', 'events']);
/** What else they write, which needs no look at its case. */
const OTHERS: ReadonlySet<string> = new Set(['id', 'time', 'type', 'action', 'key', 'principal']);

/** JSON as it was written, in which form it goes on; and what it says, for whoever must look into it. */
export class JsonText {
  readonly text: string;
  #fields: Fields | undefined;
  #value: Json | undefined;

  /** Of text that was scanned before, without white space around it. */
  constructor(text: string, fields?: Fields) {
    this.text = text;
    this.#fields = fields;
  }

  /** What it says, with numbers read exactly. Of names that are there twice the last one counts, here as below. */
  get value(): Json {
    return (this.#value ??= parseExactly(this.text) as Json);
  }

  /** `undefined` when it is no object. */
  get fields(): Fields | undefined {
    if (this.#fields === undefined && this.isObject) scanFields(this.text, 0, (this.#fields = {}));
    return this.#fields;
  }

  get isObject(): boolean {
    return this.text.startsWith('{');
  }

  /** The items of a list, so many at most; `undefined` when it is none. */
  items(max: number): JsonText[] | undefined {
    if (!this.text.startsWith('[')) return undefined;
    const items: JsonText[] = [];
    scanValue(this.text, 0, 0, (_nameAt, _nameEnd, at, end) => {
      items.push(new JsonText(this.text.slice(at, end)));
      return items.length < max;
    });
    return items;
  }

  toJSON(): Json {
    return this.value;
  }
}

/** Fills in what the object holds that begins there, and answers where it ends. */
function scanFields(text: string, at: number, fields: Record<string, Value>): number {
  return scanValue(text, at, 0, (nameAt, nameEnd, valueAt, valueEnd) => {
    const name = plainString(text, nameAt, nameEnd);
    fields[name] = fieldOf(name, text, valueAt, valueEnd);
    return true;
  });
}

function fieldOf(name: string, text: string, at: number, end: number): Value {
  const first = text.charAt(at);
  const isValue = !OTHERS.has(name) && (VALUES.has(name) || VALUES.has(name.toLowerCase()));
  if (!isValue && first === '"') return plainString(text, at, end);
  const written = text.slice(at, end);
  if (written === 'null') return null;
  return isValue ? new JsonText(written) : (parseExactly(written) as Json);
}

function plainString(text: string, at: number, end: number): string {
  const inside = text.slice(at + 1, end - 1);
  return inside.includes('\\') ? (JSON.parse(text.slice(at, end)) as string) : inside;
}

/** The object with one field more, or another one of that name. All else stays as it was written, once for each name. */
export function withField(object: ObjectValue, name: string, value: Json): ObjectValue {
  if (!(object instanceof JsonText)) return { ...object, [name]: value };
  const { text } = object;
  const members = new Map<string, string>();
  scanValue(text, 0, 0, (nameAt, nameEnd, _valueAt, valueEnd) => {
    members.set(plainString(text, nameAt, nameEnd), text.slice(nameAt, valueEnd));
    return true;
  });
  members.set(name, `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return new JsonText(`{${[...members.values()].join()}}`);
}

export function fieldsOf(object: ObjectValue): Fields {
  return object instanceof JsonText ? (object.fields ?? {}) : object;
}

export function textOf(value: Value): string {
  return value instanceof JsonText ? value.text : JSON.stringify(value);
}

export function valueOf(value: Value): Json;
export function valueOf(value: Value | undefined): Json | undefined;
export function valueOf(value: Value | undefined): Json | undefined {
  return value instanceof JsonText ? value.value : value;
}

/**
 * Bytes or text from outside as JSON. Refuses what would hurt somebody later, or be changed on the way: what
 * {@link scanValue} refuses, and text that is not UTF-8. Line breaks between values go, with the white space after them,
 * so that what is made of it stays on one line.
 * @throws ProtocolError `json_invalid`
 */
export function readJson(input: Buffer | string): JsonText {
  const text = utf8Of(input);
  if (!/[\n\r]/.test(text)) return scanned(text);
  scanned(text);
  // Within strings there are none, as was just found.
  return scanned(text.replaceAll(/[\n\r]\s*/g, ''));
}

function scanned(text: string): JsonText {
  const at = skipSpace(text, 0);
  const fields: Fields | undefined = text.charAt(at) === '{' ? {} : undefined;
  const end = fields === undefined ? scanValue(text, at, 0) : scanFields(text, at, fields);
  const rest = skipSpace(text, end);
  if (rest < text.length) throw unexpected(text, rest, 'the end');
  return new JsonText(text.slice(at, end), fields);
}

function utf8Of(input: Buffer | string): string {
  if (!(typeof input === 'string' ? input.isWellFormed() : isUtf8(input)))
    throw invalid('the bytes are not UTF-8');
  const text = input.toString();
  // RFC 8259, 8.1: the byte order mark that some shells and editors write first is passed over.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The same, read, with numbers as JavaScript has them. @throws ProtocolError `json_invalid` */
export function parseJson(input: Buffer | string): Json {
  return JSON.parse(readJson(input).text) as Json;
}

/** Read, and an object. What is still a text is none, whatever it says: see {@link valueOf}. */
export function isJsonObject(value: unknown): value is JsonObject {
  return isFields(value);
}

export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof JsonText || value instanceof ExactNumber);
}

/** Whether it is an object, read or not. */
export function isObjectValue(value: unknown): value is ObjectValue {
  return value instanceof JsonText ? value.isObject : isFields(value);
}
