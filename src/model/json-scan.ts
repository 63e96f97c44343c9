/**
 * Validates JSON without building values from it, which is faster than parsing, and leaves the text unchanged. It
 * accepts what `JSON.parse` accepts, except for what would do harm or be changed later: nesting beyond {@link
 * MAX_DEPTH}, the name `__proto__`, and escapes of half a surrogate pair, which are no text.
 */
import { bound } from './bound.ts';
import { ProtocolError } from './errors.ts';

/**
 * It is deeper than any real event, and far below the depth at which a recursive reader or writer of JSON overflows
 * its stack.
 */
export const MAX_DEPTH = bound('nesting of JSON', 64, 'levels', 'the text is refused with json_invalid');

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LOWER_U = 0x75;
const UNDERSCORE = 0x5f;

const FORBIDDEN = '__proto__';
const SHORT_ESCAPES = '"\\/bfnrt';

/** Called with the places of the name and the value of a field. */
export type Visit = (nameAt: number, nameEnd: number, valueAt: number, valueEnd: number) => void;

/** Whether the strings of a text need no check of their characters: it holds no escape and no control character. */
export function isPlain(text: string): boolean {
  return !/[\p{Cc}\\]/u.test(text);
}

/**
 * The end of the value that begins at a place; `plain` is what {@link isPlain} says of the text. If the value is an
 * object, `visit` is called for each of its fields.
 * @throws ProtocolError `json_invalid`
 */
export function scanValue(text: string, at: number, plain: boolean, visit?: Visit, depth = 0): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return scanString(text, at, plain);
    case OPEN_OBJECT:
      return scanObject(text, at, plain, visit, depth + 1);
    case OPEN_LIST:
      return scanList(text, at, plain, depth + 1);
    case 0x74:
      return scanWord(text, at, 'true');
    case 0x66:
      return scanWord(text, at, 'false');
    case 0x6e:
      return scanWord(text, at, 'null');
    default:
      return scanNumber(text, at);
  }
}

/** The next place that is not white space. */
export function skipSpace(text: string, at: number): number {
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
  }
}

function scanObject(
  text: string,
  at: number,
  plain: boolean,
  visit: Visit | undefined,
  depth: number,
): number {
  if (depth > MAX_DEPTH) throw tooDeep();
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1;
  for (;;) {
    const nameAt = at;
    if (text.charCodeAt(at) !== QUOTE) throw unexpected(text, at, 'a name in double quotes');
    const nameEnd = scanString(text, at, plain);
    checkName(text, nameAt, nameEnd);
    at = skipSpace(text, nameEnd);
    if (text.charCodeAt(at) !== COLON) throw unexpected(text, at, '":"');
    const valueAt = skipSpace(text, at + 1);
    const valueEnd = scanValue(text, valueAt, plain, undefined, depth);
    visit?.(nameAt, nameEnd, valueAt, valueEnd);
    at = skipSpace(text, valueEnd);
    const code = text.charCodeAt(at);
    if (code === CLOSE_OBJECT) return at + 1;
    if (code !== COMMA) throw unexpected(text, at, '"," or "}"');
    at = skipSpace(text, at + 1);
  }
}

function scanList(text: string, at: number, plain: boolean, depth: number): number {
  if (depth > MAX_DEPTH) throw tooDeep();
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_LIST) return at + 1;
  for (;;) {
    const itemEnd = scanValue(text, at, plain, undefined, depth);
    at = skipSpace(text, itemEnd);
    const code = text.charCodeAt(at);
    if (code === CLOSE_LIST) return at + 1;
    if (code !== COMMA) throw unexpected(text, at, '"," or "]"');
    at = skipSpace(text, at + 1);
  }
}

/** The end of the string that begins at this place, quotes included. */
function scanString(text: string, at: number, plain: boolean): number {
  if (plain) {
    const end = text.indexOf('"', at + 1);
    if (end < 0) throw unexpected(text, text.length, 'the end of a string');
    return end + 1;
  }
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i = scanEscape(text, i);
    else if (code < 0x20) throw invalid(`a string holds the control character ${code} at position ${i}`);
  }
  throw unexpected(text, text.length, 'the end of a string');
}

/** The last character of the escape that begins at this place; for a surrogate pair, the last of its second half. */
function scanEscape(text: string, at: number): number {
  if (text.charCodeAt(at + 1) !== LOWER_U) {
    if (at + 1 < text.length && SHORT_ESCAPES.includes(text.charAt(at + 1))) return at + 1;
    throw unexpected(text, at + 1, 'an escape of JSON after "\\"');
  }
  const unit = hexAt(text, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return at + 5;
  const isPair = unit < 0xdc00 && text.startsWith('\\u', at + 6);
  const second = isPair ? hexAt(text, at + 8) : 0;
  if (second >= 0xdc00 && second <= 0xdfff) return at + 11;
  throw invalid(`${text.slice(at, at + 6)} is half of a surrogate pair, which is no text, at position ${at}`);
}

function hexAt(text: string, at: number): number {
  const digits = text.slice(at, at + 4);
  if (!/^[\da-fA-F]{4}$/.test(digits)) throw unexpected(text, at, 'four hexadecimal digits after "\\u"');
  return Number.parseInt(digits, 16);
}

function scanWord(text: string, at: number, word: string): number {
  if (text.startsWith(word, at)) return at + word.length;
  throw unexpected(text, at, word);
}

/** The end of a number: `0.5` and `-1e-7` are numbers, `01`, `.5` and `NaN` are not. */
export function scanNumber(text: string, at: number): number {
  const first = text.charCodeAt(at) === 0x2d ? at + 1 : at;
  let end = digitsFrom(text, first);
  if (end === first) throw unexpected(text, at, 'a value');
  if (text.charCodeAt(first) === 0x30 && end > first + 1)
    throw unexpected(text, first, 'no zero before a digit');
  if (text.charCodeAt(end) === 0x2e) end = someDigits(text, end + 1);
  if ((text.charCodeAt(end) | 0x20) !== 0x65) return end;
  const sign = text.charCodeAt(end + 1);
  return someDigits(text, sign === 0x2b || sign === 0x2d ? end + 2 : end + 1);
}

function someDigits(text: string, at: number): number {
  const end = digitsFrom(text, at);
  if (end === at) throw unexpected(text, at, 'a digit');
  return end;
}

function digitsFrom(text: string, at: number): number {
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= 0x30 && code <= 0x39)) return at;
  }
}

/** Refuses the forbidden name, also when it is written with escapes. */
function checkName(text: string, at: number, end: number): void {
  const first = text.charCodeAt(at + 1);
  if (first !== UNDERSCORE && first !== BACKSLASH) return;
  const name = text.slice(at, end);
  const isForbidden = name.includes('\\') ? JSON.parse(name) === FORBIDDEN : name === `"${FORBIDDEN}"`;
  if (isForbidden) throw invalid(`it holds the name ${FORBIDDEN}`);
}

function tooDeep(): ProtocolError {
  return invalid(`it is nested deeper than ${MAX_DEPTH} levels`);
}

/** The error for a character that may not stand at its place. */
export function unexpected(text: string, at: number, expected: string): ProtocolError {
  const found =
    at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0)) : 'the end';
  return invalid(`${found} stands at position ${at} where ${expected} was expected`);
}

export function invalid(why: string): ProtocolError {
  return new ProtocolError('json_invalid', `Not usable as JSON: ${why}. Expected JSON in UTF-8.`);
}
