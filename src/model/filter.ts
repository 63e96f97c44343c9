import { ProtocolError } from './errors.ts';
import type { NewEvent } from './event.ts';
import { isJsonObject } from './json.ts';

type Scalar = string | number | boolean | null;

/** A field of the event, found by the first path that leads anywhere, holds what is wanted. */
export type Filter = {
  /** As written; equal texts are the same filter. */
  readonly text: string;
  /** Paths from the event's root: `['object', 'status']`. */
  readonly paths: readonly (readonly string[])[];
} & (
  | { readonly values: readonly Scalar[] }
  /** Somewhere in a text, upper and lower case alike. */
  | { readonly contains: string }
);

/**
 * Filters as a client states them: `{"object.status": ["Running", "Failed"], "key": "web-1"}`. All must hold.
 * @throws ProtocolError `filter_invalid`
 */
export function parseFilters(fields: unknown): Filter[] {
  if (!isJsonObject(fields)) throw invalid('filters are not an object');
  return Object.entries(fields).map(([path, given]) => {
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (path === '') throw invalid('a field path is empty');
    if (values.length === 0) throw invalid(`the list of values for "${path}" is empty`);
    if (!values.every(isScalar)) throw invalid(`a value for "${path}" is an object or a list`);
    return { text: `${path}=${JSON.stringify(values)}`, paths: [path.split('.')], values };
  });
}

export function passes(filter: Filter, event: NewEvent): boolean {
  for (const path of filter.paths) {
    const value = valueAt(event, path);
    if (value !== undefined) return holds(filter, value);
  }
  return false;
}

function holds(filter: Filter, value: unknown): boolean {
  if ('values' in filter) return filter.values.includes(value as Scalar);
  return typeof value === 'string' && value.toLowerCase().includes(filter.contains.toLowerCase());
}

function valueAt(event: NewEvent, path: readonly string[]): unknown {
  let value: unknown = event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function invalid(why: string): ProtocolError {
  return new ProtocolError(
    'filter_invalid',
    `The filters are not usable: ${why}. Expected {"field.path": value or [values]}.`,
  );
}
