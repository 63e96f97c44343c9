import type { JsonNode } from './json-tree.ts';

/** The steps from a value of JSON to another one within it: names of fields, and indexes in lists as text. */
export type JsonPath = readonly string[];

/** The value at a path. Of two fields with one name the last one counts, as in the hub. */
export function valueAt(root: JsonNode, path: JsonPath): JsonNode | undefined {
  let value: JsonNode | undefined = root;
  for (const step of path) {
    let found: JsonNode | undefined;
    value?.visit((inner) => {
      if (inner.name === step) found = inner.value;
    });
    value = found;
  }
  return value;
}

/**
 * A path as filters of the hub write it, with dots between its steps. Where a name holds a dot, it is written as `\1`, as in a
 * pattern, and a backslash as `\0`: the hub's own filters cannot name such a field.
 */
export function writePath(path: JsonPath): string {
  return path
    .map((step) =>
      step.replaceAll('\\', '\\0').replaceAll('.', '\\1').replaceAll('=', '\\2').replaceAll('!', '\\3'),
    )
    .join('.');
}

export function readPath(text: string): JsonPath {
  return text
    .split('.')
    .map((step) =>
      step.replaceAll('\\3', '!').replaceAll('\\2', '=').replaceAll('\\1', '.').replaceAll('\\0', '\\'),
    );
}
