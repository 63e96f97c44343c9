/** Reads values of a body from its text, so that no digit is lost and a large body is not parsed for one of its fields. */
import { isPlain, scanValue, skipSpace, unexpected } from '../../model/json-scan.ts';
import { itemsOf, unquoted, visitFields } from '../../model/json-walk.ts';

/** The text without the white space around it. @throws ProtocolError `json_invalid` where it is no JSON that the hub takes */
export function checkedJson(text: string): string {
  const at = skipSpace(text, 0);
  const end = scanValue(text, at, isPlain(text));
  const rest = skipSpace(text, end);
  if (rest < text.length) throw unexpected(text, rest, 'the end');
  return text.slice(at, end);
}

/** The text of the value at a path through objects and lists, or `undefined` if there is none, or null. */
export function valueAt(json: string, path: readonly string[]): string | undefined {
  let found: string | undefined = json;
  for (const name of path) {
    if (found === undefined) return undefined;
    found = found.startsWith('{') ? fieldOf(found, name) : itemOf(found, name);
  }
  return found === 'null' ? undefined : found;
}

/** A string, a number or a truth value as a text; `undefined` for an object, a list, and a string that is empty. */
export function scalarOf(json: string | undefined): string | undefined {
  if (json === undefined || /^[[{]/.test(json)) return undefined;
  const text = json.startsWith('"') ? unquoted(json, 0, json.length) : json;
  return text === '' ? undefined : text;
}

/** Of two fields with one name the last one counts, as everywhere. */
function fieldOf(json: string, name: string): string | undefined {
  let found: string | undefined;
  visitFields(json, (nameAt, nameEnd, at, end) => {
    if (unquoted(json, nameAt, nameEnd) === name) found = json.slice(at, end);
  });
  return found;
}

function itemOf(json: string, name: string): string | undefined {
  if (!json.startsWith('[') || !/^\d{1,9}$/.test(name)) return undefined;
  return itemsOf(json, Number(name) + 1)[Number(name)];
}
