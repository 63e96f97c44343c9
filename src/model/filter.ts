import { bound } from './bound.ts';
import { ProtocolError } from './errors.ts';
import type { NewEvent } from './event.ts';
import { ExactNumber, nearest, numberKey } from './exact-number.ts';
import { isJsonObject, JsonText, MAX_DEPTH, type Json } from './json.ts';

type Path = readonly string[];

/** A condition on one field of an event. The first path that leads to a value finds the field. */
export type Filter = {
  /** The filter as text; equal texts are the same filter. */
  readonly text: string;
  /** Paths from the root of the event: `['object', 'status']`. */
  readonly paths: readonly Path[];
} & (
  | {
      readonly values: ReadonlySet<unknown>;
      /** The keys of wanted numbers that JavaScript cannot represent exactly. */
      readonly exact?: ReadonlySet<string>;
    }
  /** A part of a text, in upper or lower case. */
  | { readonly contains: string }
);

const REFUSED = 'the command is refused with filter_invalid';
/** Every event may have to be tested against each filter. */
const MAX_FILTERS = bound('filters of one command', 50, 'entries', REFUSED);
const MAX_VALUES = bound('values of one filter', 1_000, 'entries', REFUSED);

/** The fields of an event that publishers and clients see. Filters cannot ask for the internal ones. */
const FIELDS: ReadonlySet<string> = new Set([
  'id',
  'time',
  'type',
  'action',
  'key',
  'principal',
  'object',
  'original',
  'metadata',
]);

/**
 * Parses filters as a client writes them: `{"object.status": ["Running", "Failed"], "key": "web-1"}`. All must hold.
 * `pathsOf` says where in an event a written path may lead; by default a path begins with a field of the event.
 * @throws ProtocolError `filter_invalid`
 */
export function parseFilters(
  fields: unknown,
  pathsOf: (path: Path) => readonly Path[] = fromRoot,
): readonly Filter[] {
  if (!isJsonObject(fields)) throw invalid('filters are not an object');
  const paths = Object.keys(fields);
  if (paths.length > MAX_FILTERS) throw invalid(`there are more than ${MAX_FILTERS}`);
  return paths.map((path) => parseFilter(path, fields[path], pathsOf));
}

function parseFilter(
  path: string,
  given: Json | undefined,
  pathsOf: (path: Path) => readonly Path[],
): Filter {
  if (path === '') throw invalid('a field path is empty');
  const shown = path.slice(0, 100);
  const steps = path.split('.', MAX_DEPTH + 2);
  if (steps.length > MAX_DEPTH + 1) throw invalid(`the path "${shown}" is longer than any event is deep`);
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) throw invalid(`the list of values for "${shown}" is empty`);
  if (values.length > MAX_VALUES) throw invalid(`"${shown}" has more than ${MAX_VALUES} values`);
  if (!values.every(isScalar)) throw invalid(`a value for "${shown}" is an object or a list`);
  const wanted = values.map((value) => (value instanceof ExactNumber ? nearest(value) : value));
  const exact = wanted.flatMap((value) => (value instanceof ExactNumber ? [numberKey(value)] : []));
  return {
    text: `${path}=${JSON.stringify(wanted)}`,
    paths: pathsOf(steps),
    values: new Set(wanted),
    ...(exact.length > 0 && { exact: new Set(exact) }),
  };
}

function fromRoot(path: Path): readonly Path[] {
  const [root = ''] = path;
  if (FIELDS.has(root)) return [path];
  throw invalid(`"${root.slice(0, 100)}" is no field of an event (${[...FIELDS].join(', ')})`);
}

export function passes(filter: Filter, event: NewEvent): boolean {
  for (const path of filter.paths) {
    const value = valueAt(event, path);
    if (value !== undefined) return holds(filter, value);
  }
  return false;
}

function holds(filter: Filter, value: unknown): boolean {
  if ('contains' in filter)
    return typeof value === 'string' && value.toLowerCase().includes(filter.contains.toLowerCase());
  if (!(value instanceof ExactNumber)) return filter.values.has(value);
  const number = nearest(value);
  if (!(number instanceof ExactNumber)) return filter.values.has(number);
  return filter.exact !== undefined && filter.exact.has(numberKey(number));
}

function valueAt(event: NewEvent, path: Path): unknown {
  const [root = ''] = path;
  let value: unknown = FIELDS.has(root) ? event[root as keyof NewEvent] : undefined;
  if (value instanceof JsonText) value = value.value;
  for (let step = 1; step < path.length; step++) {
    const name = path[step] ?? '';
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    // These belong to JavaScript and to the hub, and are no fields of an event.
    if (value instanceof ExactNumber || (name === 'length' && Array.isArray(value))) return undefined;
    value = (value as Record<string, unknown>)[name];
    if (value instanceof JsonText) value = value.value;
  }
  return value;
}

function isScalar(value: unknown): boolean {
  if (value instanceof ExactNumber) return true;
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function invalid(why: string): ProtocolError {
  return new ProtocolError(
    'filter_invalid',
    `The filters are not usable: ${why}. Expected {"field.path": value or [values]}.`,
  );
}
