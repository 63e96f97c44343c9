/** One condition of a filter, and what the event has there. */
export interface FilterValue {
  readonly path: string;
  /** As JSON. */
  readonly wanted: string;
  /** As JSON, or `undefined` if the event has nothing there. */
  readonly found: string | undefined;
  readonly holds: boolean;
}

/** A path and a list of values, as the hub writes the conditions of a filter. */
const CONDITION = /(?:^| and )([A-Za-z][\w.-]*)=(\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])/g;

/** What an event has where a filter looks. Conditions that cannot be read are left out. */
export function filterValues(detail: string, event: object): readonly FilterValue[] {
  return Array.from(detail.matchAll(CONDITION), ([, path = '', wanted = '']) => {
    const value = valueAt(event, path.split('.'));
    const found = value === undefined ? undefined : JSON.stringify(value);
    return { path, wanted, found, holds: found !== undefined && listOf(wanted).includes(found) };
  });
}

function valueAt(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function listOf(json: string): readonly string[] {
  try {
    return (JSON.parse(json) as readonly unknown[]).map((value) => JSON.stringify(value));
  } catch {
    return [];
  }
}
