import type { Filters } from '../../../sdk/match.ts';
import { readPath, valueAt, writePath, type JsonPath } from '../json/json-path.ts';
import { validJson, type JsonNode } from '../json/json-tree.ts';

/** A condition on one value of an event. Several conditions `only` on one path are alternatives. */
export interface ValueFilter {
  readonly path: JsonPath;
  /** The value as JSON, with every digit. It is no object and no list. */
  readonly json: string;
  /** Whether events with this value are left out. */
  readonly not: boolean;
}

/** `object.status="Failed"`, or with `!=`. A value that is no JSON is a text. */
export function readFilter(text: string): ValueFilter | undefined {
  const [, path, not, value] = /^([^=!]+)(!?)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) return undefined;
  return { path: readPath(path), json: isScalar(value) ? value : JSON.stringify(value), not: not === '!' };
}

export function writeFilter({ path, json, not }: ValueFilter): string {
  return `${writePath(path)}${not ? '!' : ''}=${json}`;
}

export function sameFilter(a: ValueFilter, b: ValueFilter): boolean {
  return writeFilter(a) === writeFilter(b);
}

/** The filters that the hub applies, and those that only the page can apply. */
export function splitFilters(filters: readonly ValueFilter[]): {
  readonly hub: Filters | undefined;
  readonly page: readonly ValueFilter[];
} {
  const groups = Map.groupBy(filters, ({ path, not }) => `${not ? '!' : ''}${writePath(path)}`);
  const hub = new Map<string, (string | number | boolean | null)[]>();
  const page: ValueFilter[] = [];
  for (const group of groups.values()) {
    const path = group[0]?.path.join('.') ?? '';
    if (group.every(isForHub))
      hub.set(
        path,
        group.map(({ json }) => JSON.parse(json) as string),
      );
    else page.push(...group);
  }
  return { hub: hub.size === 0 ? undefined : Object.fromEntries(hub), page };
}

/** Whether an event passes all of these filters. */
export function passesAll(filters: readonly ValueFilter[], text: string): boolean {
  if (filters.length === 0) return true;
  const root = validJson(text);
  const only = new Map<string, boolean>();
  for (const filter of filters) {
    const value = valueAt(root, filter.path);
    const isEqual = value !== undefined && equals(value, filter.json);
    if (filter.not) {
      if (isEqual) return false;
      continue;
    }
    const name = writePath(filter.path);
    only.set(name, isEqual || only.get(name) === true);
  }
  return [...only.values()].every(Boolean);
}

/** Strings are compared as what they stand for, numbers as they are written, or by value where both are exact. */
function equals(value: JsonNode, json: string): boolean {
  const { text, kind } = value;
  if (text === json) return true;
  const other = validJson(json);
  if (kind !== other.kind) return false;
  if (kind === 'string') return value.string === other.string;
  return kind === 'number' && isExact(text) && isExact(json) && Number(text) === Number(json);
}

function isForHub({ path, json, not }: ValueFilter): boolean {
  if (not || path.some((step) => step === '' || step.includes('.'))) return false;
  return !/^[-\d]/.test(json) || isExact(json);
}

/** Whether JavaScript can represent this number, so that it loses no digit on its way to the hub. */
function isExact(number: string): boolean {
  const value = Number(number);
  return String(value) === number || (/^-?\d+(\.0+)?$/.test(number) && Number.isSafeInteger(value));
}

function isScalar(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== 'object' || value === null;
  } catch {
    return false;
  }
}
