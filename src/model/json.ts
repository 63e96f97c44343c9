import { isUtf8 } from 'node:buffer';
import { bound } from './bound.ts';
import { ProtocolError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** Deeper than any real event; far from where a recursive reader or writer of JSON overflows its stack. */
export const MAX_DEPTH = bound('nesting of JSON', 64, 'levels', 'the text is refused with json_invalid');

/**
 * Bytes or text from outside as JSON. Refuses what would hurt somebody later: text that is not UTF-8 (it would
 * be changed on the way), nesting beyond {@link MAX_DEPTH}, and `__proto__` as a name.
 * @throws ProtocolError `json_invalid`
 */
export function parseJson(input: Buffer | string): Json {
  if (typeof input !== 'string' && !isUtf8(input)) throw invalid('the bytes are not UTF-8');
  let value: Json;
  try {
    value = JSON.parse(withoutMark(typeof input === 'string' ? input : input.toString('utf8'))) as Json;
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'it cannot be parsed', cause);
  }
  check(value, 1);
  return value;
}

/** RFC 8259, 8.1: the byte order mark that some shells and editors write first is passed over. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function check(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw invalid(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) check(item, depth + 1);
    return;
  }
  const object = value as JsonObject;
  for (const name in object) {
    if (name === '__proto__') throw invalid('it holds the name __proto__');
    check(object[name] as Json, depth + 1);
  }
}

function invalid(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError('json_invalid', `Not usable as JSON: ${why}. Expected JSON in UTF-8.`, { cause });
}
