import { isRfc3339 } from '../../model/time.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a text is as JSON, or `undefined`. */
export function fieldsOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a field must be: a kind of JSON value, a time of RFC 3339, or one of these texts. */
export type Form =
  | 'text'
  | 'time'
  | 'number'
  | 'whole'
  | 'object'
  | 'list'
  | 'null'
  | 'value'
  | readonly string[]
  | { readonly [name: string]: Form };

/** Why a value does not have a form, or `undefined` if it has. An object may have more fields than its form. */
export function faultIn(value: unknown, form: Form, path = ''): string | undefined {
  const at = path === '' ? 'it' : path;
  if (typeof form === 'string') return fits(value, form) ? undefined : `${at} is not ${NAMES[form]}`;
  if (isList(form))
    return typeof value === 'string' && form.includes(value)
      ? undefined
      : `${at} is not one of ${form.join(', ')}`;
  if (!isFields(value)) return `${at} is no object`;
  for (const [name, inner] of Object.entries(form)) {
    const field = path === '' ? name : `${path}.${name}`;
    if (!Object.hasOwn(value, name)) return `${field} is missing`;
    const fault = faultIn(value[name], inner, field);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Why a text is not one JSON object of this form. */
export function textFault(text: string, form: Form): string | undefined {
  const fields = fieldsOf(text);
  return fields === undefined ? 'it is not one JSON object' : faultIn(fields, form);
}

const NAMES = {
  text: 'a text',
  time: 'a time of RFC 3339',
  number: 'a number',
  whole: 'a whole number',
  object: 'an object',
  list: 'a list',
  null: 'null',
  value: 'a value',
} as const;

function fits(value: unknown, form: keyof typeof NAMES): boolean {
  switch (form) {
    case 'text':
      return typeof value === 'string';
    case 'time':
      return typeof value === 'string' && isRfc3339(value);
    case 'number':
      return typeof value === 'number';
    case 'whole':
      return Number.isInteger(value);
    case 'object':
      return isFields(value);
    case 'list':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'value':
      return true;
  }
}

function isList(form: Form): form is readonly string[] {
  return Array.isArray(form);
}

/** Whether two JSON values are equal. The order of the fields of an object does not count. */
export function equal(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) || Array.isArray(other))
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, i) => equal(item, other[i]))
    );
  if (!isFields(one) || !isFields(other)) return one === other;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equal(one[name], other[name]))
  );
}

/** Whether a value has at least these fields with these values. */
export function has(value: unknown, fields: Fields): boolean {
  return isFields(value) && Object.entries(fields).every(([name, field]) => equal(value[name], field));
}

/** The numbers from 1 to `count`. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
