import { isUtf8 } from 'node:buffer';
import { ExactNumber, parseExactly } from './exact-number.ts';
import { invalid, isPlain, QUOTE, scanValue, skipSpace, unexpected, type Visit } from './json-scan.ts';
import { itemsOf, unquoted, visitFields } from './json-walk.ts';

export { MAX_DEPTH } from './json-scan.ts';

/** A value of JSON. {@link ExactNumber} occurs only where numbers are read exactly. */
export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** A value of an event: the text as it was written, or a value that the hub itself has made. */
export type Value = Json | JsonText;
/** A value that is known to be an object. */
export type ObjectValue = JsonObject | JsonText;

/** The fields of an object; those that hold a value of an event stay as they were written. */
export type Fields = { readonly [name: string]: Value };
/** What may be an event in any format. */
export type Body = Json | Fields;

/** JSON as it was written, which is passed on unchanged; it is parsed only when something asks for its value. */
export class JsonText {
  readonly text: string;
  #fields: Fields | undefined;
  #value: Json | undefined;

  /** The text must have been validated before, and have no white space around it. */
  constructor(text: string, fields?: Fields) {
    this.text = text;
    this.#fields = fields;
  }

  /** The parsed value, with exact numbers. Of two fields with one name the last one counts, here and below. */
  get value(): Json {
    return (this.#value ??= read(this.text));
  }

  /** The fields; `undefined` when it is not an object. */
  get fields(): Fields | undefined {
    if (this.#fields === undefined && this.isObject)
      visitFields(this.text, intoFields(this.text, (this.#fields = {})));
    return this.#fields;
  }

  get isObject(): boolean {
    return this.text.startsWith('{');
  }

  /** The items of a list, at most `max`; `undefined` when it is not a list. */
  items(max: number): JsonText[] | undefined {
    if (!this.text.startsWith('[')) return undefined;
    return itemsOf(this.text, max).map((item) => new JsonText(item));
  }

  toJSON(): Json {
    return this.value;
  }
}

/**
 * The fields in which dialects write a value of an event, or events. Their case does not matter, since Go ignores it.
 */
const VALUES: ReadonlySet<string> = new Set(['object', 'original', 'metadata', 'payload', 'data', 'events']);
const LONGEST_VALUE = 'original'.length;

/**
 * Names that nearly every event has, by their length. They are recognised by comparison, without building a new
 * string.
 */
const USUAL: readonly (readonly string[])[] = [[], [], ['id'], ['key'], ['type', 'time'], [], ['action', 'object'], [], ['metadata', 'original'], ['principal']]; // prettier-ignore

/** A visitor that fills in the fields of an object. */
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

/** A value that is not parsed yet; null needs no parsing. */
function unread(text: string, at: number, end: number): JsonText | null {
  return text.startsWith('null', at) ? null : new JsonText(text.slice(at, end));
}

function read(text: string): Json {
  return parseExactly(text) as Json;
}

/** The object with one field added or replaced. All other fields stay as they were written, each name once. */
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
 * Reads bytes or text from outside as JSON. It refuses what would do harm or be changed later: what {@link scanValue}
 * refuses, and text that is not UTF-8. Line breaks between values are removed with the white space after them, so
 * that the text is one line.
 * @throws ProtocolError `json_invalid`
 */
export function readJson(input: Buffer | string): JsonText {
  const text = utf8Of(input);
  const plain = isPlain(text);
  if (plain || !(text.includes('\n') || text.includes('\r'))) return scanned(text, plain);
  scanned(text, false);
  // Strings hold no line breaks, as the scan has just checked.
  return scanned(text.replaceAll(/[\n\r]\s*/g, ''), false);
}

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
  // RFC 8259, 8.1: the byte order mark that some shells and editors write first is skipped.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Reads and parses, with numbers of JavaScript. @throws ProtocolError `json_invalid` */
export function parseJson(input: Buffer | string): Json {
  return JSON.parse(readJson(input).text) as Json;
}

/** Whether a value is a parsed object. A {@link JsonText} is not: see {@link valueOf}. */
export function isJsonObject(value: unknown): value is JsonObject {
  return isFields(value);
}

export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof JsonText || value instanceof ExactNumber);
}

/** Whether a value is an object, parsed or not. */
export function isObjectValue(value: unknown): value is ObjectValue {
  return value instanceof JsonText ? value.isObject : isFields(value);
}
