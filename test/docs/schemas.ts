import type { Schema } from './live.ts';

/** A short description of the values that a schema allows: `1 to 1000`, `close, drop-oldest or latest-per-key`, `time`. */
export function formOf(schema: Schema | undefined): string {
  if (schema === undefined) return '';
  const { type, format, items, anyOf, minimum, maximum } = schema;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (anyOf !== undefined)
    return [...new Set(anyOf.flatMap((each) => formOf(each).split(' or ')))].join(' or ');
  if (format === 'date-time') return 'time (RFC 3339)';
  if (type === 'array') return `${formOf(items)}, repeatable`.replace(/^, /, '');
  if (type !== 'integer' && type !== 'number') return type === 'object' ? 'JSON' : 'text';
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (isBounded && maximum < 999_999_999_999_999) return `${minimum ?? 0} to ${maximum}`;
  return minimum === undefined || minimum < 0 ? 'whole number' : `whole number from ${minimum}`;
}
