import { isUtf8 } from 'node:buffer';
import { ExactNumber, parseExactly } from './exact-number.ts';
import { invalid, isPlain, QUOTE, scanValue, skipSpace, unexpected, type Visit } from './json-scan.ts';
import { itemsOf, unquoted, visitFields } from './json-walk.ts';

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
/** What may be an event in some format. */
export type Body = Json | Fields;

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
    return (this.#value ??= read(this.text));
  }

  /** `undefined` when it is no object. */
  get fields(): Fields | undefined {
    if (this.#fields === undefined && this.isObject)
      visitFields(this.text, intoFields(this.text, (this.#fields = {})));
    return this.#fields;
  }

  get isObject(): boolean {
    return this.text.startsWith('{');
  }

  /** The items of a list, so many at most; `undefined` when it is none. */
  items(max: number): JsonText[] | undefined {
    if (!this.text.startsWith('[')) return undefined;
    return itemsOf(this.text, max).map((item) => new JsonText(item));
  }

  toJSON(): Json {
    return this.value;
  }
}

/** Where the dialects write a value of an event, or events. In whatever case, as Go reads names. */
const VALUES: ReadonlySet<string> = new Set(['object', 'original', 'metadata', 'payload', 'data', 'events']);
const LONGEST_VALUE = 'original'.length;

/** Names that nearly every event has, by their length: found by comparison, so that no text is made of them. */
const USUAL: readonly (readonly string[])[] = [[], [], ['id'], ['key'], ['type', 'time'], [], ['action', 'object'], [], ['metadata', 'original'], ['principal']]; // prettier-ignore

/** Fills in what an object holds. */
function intoFields(text: string, fields: Record<string, Value>): Visit {
  return (nameAt, nameEnd, valueAt, valueEnd) => {
    const usual = usualName(text, nameAt, nameEnd);
    const name = usual ?? unquoted(text, nameAt, nameEnd);
    const isString = text.charCodeAt(valueAt) === QUOTE;
    if (usual === undefined ? isValue(name) : VALUES.has(usual))
      fields[name] = unread(text, valueAt, valueEnd);
    else fields[name] = isString ? unquoted(text, valueAt, valueEnd) : read(text.slice(valueAt, valueEnd));
  };
}

function usualName(text: string, at: number, end: number): string | undefined {
  for (const name of USUAL[end - at - 2] ?? []) if (text.startsWith(name, at + 1)) return name;
  return undefined;
}

function isValue(name: string): boolean {
  return name.length <= LONGEST_VALUE && VALUES.has(name.toLowerCase());
}

/** Null is null for everybody. */
function unread(text: string, at: number, end: number): JsonText | null {
  return text.startsWith('null', at) ? null : new JsonText(text.slice(at, end));
}

function read(text: string): Json {
  return parseExactly(text) as Json;
}

/** The object with one field more, or another one of that name. All else stays as it was written, once for each name. */
export function withField(object: ObjectValue, name: string, value: Json): ObjectValue {
  if (!(object instanceof JsonText)) return { ...object, [name]: value };
  const { text } = object;
  const members = new Map<string, string>();
  visitFields(text, (nameAt, nameEnd, _valueAt, valueEnd) => {
    members.set(unquoted(text, nameAt, nameEnd), text.slice(nameAt, valueEnd));
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
  const plain = text.length > LONG && isPlain(text);
  if (plain || !(text.includes('\n') || text.includes('\r'))) return scanned(text, plain);
  scanned(text, false);
  // Within strings there are none, as was just found.
  return scanned(text.replaceAll(/[\n\r]\s*/g, ''), false);
}

/** Of less than this, to look at each character is faster. */
const LONG = 1_000;

function scanned(text: string, plain: boolean): JsonText {
  const at = skipSpace(text, 0);
  const fields: Fields | undefined = text[at] === '{' ? {} : undefined;
  const end = scanValue(text, at, plain, fields && intoFields(text, fields));
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
