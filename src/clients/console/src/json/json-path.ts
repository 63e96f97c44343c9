import type { JsonPath } from './raw-json.ts';

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
