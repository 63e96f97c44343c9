import { skipString, unquoted, visitFields, next, skipValue } from '../../../../model/json-walk.ts';

/** The steps from the root of a JSON text to a value in it: names of fields, and indexes in lists as text. */
export type JsonPath = readonly string[];

/** A value in a JSON text. It is read where it stands, so that every digit of its numbers stays. */
export interface RawValue {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export type RawKind = 'object' | 'list' | 'string' | 'number' | 'boolean' | 'null';

export function rawOf(text: string): RawValue {
  const start = next(text, 0, ' ');
  return { text, start, end: skipValue(text, start) };
}

export function sourceOf({ text, start, end }: RawValue): string {
  return text.slice(start, end);
}

export function kindOf({ text, start }: RawValue): RawKind {
  switch (text[start]) {
    case '{':
      return 'object';
    case '[':
      return 'list';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

/** The text that a string stands for. */
export function stringOf({ text, start, end }: RawValue): string {
  return unquoted(text, start, end);
}

/** Calls back with each field of an object or item of a list. Returning `false` ends this. */
export function visitChildren(
  value: RawValue,
  visit: (name: string, child: RawValue) => boolean | void,
): void {
  const { text, start } = value;
  const isList = text[start] === '[';
  if (!isList && text[start] !== '{') return;
  const close = isList ? ']' : '}';
  let index = 0;
  for (let at = next(text, start + 1, ','); text[at] !== close;) {
    let name = `${index++}`;
    if (!isList) {
      const nameEnd = skipString(text, at);
      name = unquoted(text, at, nameEnd);
      at = next(text, nameEnd, ':');
    }
    const end = skipValue(text, at);
    if (visit(name, { text, start: at, end }) === false) return;
    at = next(text, end, ',');
  }
}

/** The value at a path. Of two fields with one name the last one counts, as in the hub. */
export function valueAt(root: RawValue, path: JsonPath): RawValue | undefined {
  let value: RawValue | undefined = root;
  for (const step of path) {
    if (value === undefined) return undefined;
    let found: RawValue | undefined;
    visitChildren(value, (name, child) => {
      if (name === step) found = child;
    });
    value = found;
  }
  return value;
}

/** The fields of the event that this text is, by name. */
export function fieldsOf(text: string): ReadonlyMap<string, RawValue> {
  const fields = new Map<string, RawValue>();
  visitFields(text, (nameAt, nameEnd, start, end) => {
    fields.set(unquoted(text, nameAt, nameEnd), { text, start, end });
  });
  return fields;
}
