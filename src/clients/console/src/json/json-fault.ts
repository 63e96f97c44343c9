import { MAX_DEPTH } from '../../../../model/json-scan.ts';
import { skipString } from '../../../../model/json-walk.ts';
import { parseJson } from './json-tree.ts';

/** What is wrong, and where it stands in the text. */
export interface Fault {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

export type Place = Pick<Fault, 'from' | 'to'>;

const PLACE = / at position (\d+)/;

/** Why the hub does not take a text as JSON, in its own words, and where; `undefined` where it takes it. */
export function jsonFault(text: string): Fault | undefined {
  const half = text.isWellFormed() ? -1 : halfPair(text);
  if (half >= 0)
    return { from: half, to: half + 1, message: 'Half of a surrogate pair stands here, which is no text.' };
  try {
    parseJson(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...placeIn(text, message, 0), message };
  }
}

/** The place that a message of `json_invalid` means. The hub counts without the byte order mark at the beginning. */
export function jsonPlace(text: string, message: string): Place {
  return placeIn(text, message, text.charCodeAt(0) === 0xfeff ? 1 : 0);
}

function placeIn(text: string, message: string, shift: number): Place {
  const named = PLACE.exec(message)?.[1];
  if (named !== undefined) return oneAt(text, Number(named) + shift);
  if (message.includes('__proto__')) return protoPlace(text);
  if (message.includes('nested deeper')) return oneAt(text, tooDeepPlace(text));
  if (message.includes('UTF-8')) return oneAt(text, Math.max(0, text.indexOf('\uFFFD')));
  return { from: 0, to: text.length };
}

/** The character at a place, or the last one where the text ends too early. */
export function oneAt(text: string, at: number): Place {
  const from = Math.max(0, Math.min(at, text.length - 1));
  const length = (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
  return { from, to: Math.min(text.length, from + length) };
}

function halfPair(text: string): number {
  return text.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
}

function protoPlace(text: string): Place {
  for (const { 0: written, index } of text.matchAll(/"(?:[_\\])(?:[^"\\]|\\.)*"/g)) {
    if (!written.includes('proto') && !written.includes('\\u')) continue;
    try {
      if (JSON.parse(written) === '__proto__') return { from: index, to: index + written.length };
    } catch {
      // It is no string of JSON.
    }
  }
  return { from: 0, to: text.length };
}

function tooDeepPlace(text: string): number {
  for (let at = 0, depth = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = skipString(text, at) - 1;
    else if (character === '{' || character === '[') {
      if (++depth > MAX_DEPTH) return at;
    } else if (character === '}' || character === ']') depth--;
  }
  return 0;
}
