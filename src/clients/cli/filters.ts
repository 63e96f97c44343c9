import type { Filters } from '../sdk/match.ts';
import { UsageError } from './errors.ts';

type Scalar = string | number | boolean | null;

/** `path=value` for each; several values of one path are alternatives. @throws UsageError */
export function readFilters(texts: readonly string[]): Filters | undefined {
  const filters = new Map<string, Scalar[]>();
  for (const text of texts) {
    const [, path = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (path === '')
      throw new UsageError(`"${text}" is no filter. Expected path=value, as in object.status=Failed.`);
    filters.set(path, [...(filters.get(path) ?? []), scalar(value)]);
  }
  return filters.size === 0 ? undefined : Object.fromEntries(filters);
}

/** A number, true, false, null or a text in quotes is what JSON says; everything else is a text. */
function scalar(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? text : (value as Scalar);
  } catch {
    return text;
  }
}
