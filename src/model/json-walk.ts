/**
 * Walks through the text of JSON that json-scan.ts has validated before, so that nothing here has to be checked
 * again.
 */

import type { Visit } from './json-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The end of the string that begins at this place, quotes included. */
export function skipString(text: string, at: number): number {
  for (;;) {
    at = text.indexOf('"', at + 1);
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at + 1;
  }
}

/** The end of the value that begins at this place. */
export function skipValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return skipString(text, at);
  if (first !== '{' && first !== '[') return skipScalar(text, at);
  let depth = 0;
  do {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at);
    else {
      if (code === 0x7b || code === 0x5b) depth++;
      else if (code === 0x7d || code === 0x5d) depth--;
      at++;
    }
  } while (depth > 0);
  return at;
}

function skipScalar(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code <= 0x20 || code === 0x2c || code === 0x7d || code === 0x5d) return at;
    at++;
  }
}

/** The next place that holds neither white space nor the character `besides`. */
export function next(text: string, at: number, besides: string): number {
  while (text.charCodeAt(at) <= 0x20 || text[at] === besides) at++;
  return at;
}

/** The value of the string between two places; the quotes stand within them. */
export function unquoted(text: string, at: number, end: number): string {
  const inside = text.slice(at + 1, end - 1);
  return inside.includes('\\') ? (JSON.parse(text.slice(at, end)) as string) : inside;
}

/** Calls `visit` with the places of the name and the value of each field of an object. */
export function visitFields(text: string, visit: Visit): void {
  for (let at = next(text, 1, ','); text[at] !== '}';) {
    const nameEnd = skipString(text, at);
    const valueAt = next(text, nameEnd, ':');
    const valueEnd = skipValue(text, valueAt);
    visit(at, nameEnd, valueAt, valueEnd);
    at = next(text, valueEnd, ',');
  }
}

/** The texts of the items of a list, at most `max` of them. */
export function itemsOf(text: string, max: number): string[] {
  const items: string[] = [];
  for (let at = next(text, 1, ','); text[at] !== ']' && items.length < max;) {
    const end = skipValue(text, at);
    items.push(text.slice(at, end));
    at = next(text, end, ',');
  }
  return items;
}
