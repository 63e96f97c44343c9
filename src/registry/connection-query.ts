import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { Principal } from '../model/principal.ts';
import { isRfc3339 } from '../model/time.ts';
import { isAddress, sortableAddress } from './address.ts';
import { regularExpression } from './regular-expression.ts';

/** The fields by which connections can be filtered and sorted. */
export const FIELDS = [
  'RemoteAddr',
  'Type',
  'Principal',
  'CreateTime',
  'ExpiresAt',
  'Id',
  'Node',
  'Dialect',
  'UserAgent',
] as const;
export type Field = (typeof FIELDS)[number];

/**
 * A condition on one field: one of its tests must hold. Values are kept as written; they are compared as addresses,
 * times or texts, by the field.
 */
export interface FieldFilter {
  readonly field: Field;
  readonly any: readonly FieldTest[];
}

export interface FieldTest {
  readonly name: TestName;
  /** Two values for `Between` and `Except`, which include their ends; any number for `In` and `Nin`; else one. */
  readonly values: readonly string[];
}

const TEST_NAMES = ['Eq', 'Ne', 'Lt', 'Lte', 'Gt', 'Gte', 'Between', 'Except', 'In', 'Nin', 'Re'] as const;
export type TestName = (typeof TEST_NAMES)[number];

/** Holds for every connection. Since it names the principal, anonymous connections are listed as well. */
export const ANYBODY: FieldFilter = { any: [{ name: 'Ne', values: [''] }], field: 'Principal' };

/** Which connections to list, and in what order. Anonymous ones are left out unless a filter names `Principal`. */
export interface ConnectionQuery {
  /** The principals whose connections the caller may see. */
  readonly visible: 'all' | readonly Principal[];
  /** All filters must hold. */
  readonly filters: readonly FieldFilter[];
  /** The fields to sort by, the most significant first; `RemoteAddr` when there is none. */
  readonly sort: readonly Field[];
  readonly reverse: boolean;
  readonly offset: number;
  /** It may be Infinity. */
  readonly limit: number;
}

const REFUSED = 'the request is refused with not_acceptable';
const CONDITIONS_MAX = bound('conditions and orders of one query', 50, 'entries', REFUSED);
const VALUES_MAX = bound('values that the conditions of one query name', 500, 'entries', REFUSED);
export const PAGE_MAX = bound(
  'connections of one page',
  10_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

/** Parameters that DRP's clients may add to any request, and the token. None of them changes what a list holds. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'slim',
  'params',
  'decode',
  'token',
  'Token',
  'access_token',
]);

/**
 * Parses a query as DRP writes it: `Principal=user:ada`, `RemoteAddr=Lt(10.0.1.0:0)`, `sort`, `reverse`, `offset`,
 * `limit`. Several values of one field are alternatives; different fields must all hold. Text that only looks like a
 * function is a value, since some user agents look like that. For a caller who may see nothing no expression is
 * compiled. @throws BelfryError `not_acceptable`
 */
export function parseQuery(
  params: URLSearchParams,
  visible: ConnectionQuery['visible'],
  limit = Infinity,
): ConnectionQuery {
  const page = { offset: 0, limit };
  const sort: Field[] = [];
  const tests = new Map<Field, FieldTest[]>();
  let reverse = false;
  refuseTooMany(params);
  for (const [name, value] of params) {
    if (WITHOUT_EFFECT.has(name)) continue;
    if (name === 'offset' || name === 'limit') page[name] = readCount(name, value);
    else if (name === 'reverse') reverse = readSwitch(value);
    else if (name === 'sort') sort.push(readField(value));
    else {
      const field = readField(name);
      const chances = tests.get(field) ?? [];
      chances.push(readTest(value));
      tests.set(field, chances);
    }
  }
  const filters = Array.from(tests, ([field, chances]) => ({ any: chances, field }));
  if (visible.length > 0) checkFilters(filters);
  return { visible, filters, sort, reverse, ...page };
}

function refuseTooMany(params: URLSearchParams): void {
  if (params.size > CONDITIONS_MAX)
    throw refused(`The query has ${params.size} parameters. Expected at most ${CONDITIONS_MAX}.`);
  let values = 0;
  for (const value of params.values()) for (let at = 0; at >= 0; at = value.indexOf(',', at + 1)) values++;
  if (values > VALUES_MAX) throw refused(`The query names ${values} values. Expected at most ${VALUES_MAX}.`);
}

/** Refuses values that cannot be compared, and expressions that cannot be compiled. */
function checkFilters(filters: readonly FieldFilter[]): void {
  for (const filter of filters) {
    for (const { name, values } of filter.any) {
      if (name === 'Re') regularExpression(values[0] ?? '');
      else for (const value of values) refuseUnusable(filter.field, value);
    }
  }
}

/**
 * The value of a field in the form in which it is compared: a sortable address, a time, or the text. An expiry of
 * null means never, and is later than any time.
 */
export function comparable(field: Field, value: string | null): string | number {
  if (field === 'RemoteAddr') return sortableAddress(value ?? '');
  if (!isTime(field)) return value ?? '';
  return value === null ? Infinity : Date.parse(value.toUpperCase());
}

function isTime(field: Field): boolean {
  return field === 'CreateTime' || field === 'ExpiresAt';
}

function readCount(name: string, value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw refused(`The ${name} is not usable. Expected a whole number, 0 or more.`);
}

function readSwitch(value: string): boolean {
  if (value === 'true' || value === '') return true;
  if (value === 'false') return false;
  throw refused('The reverse is not usable. Expected true or false.');
}

function readField(name: string): Field {
  const field = FIELDS.find((known) => known === name);
  if (field !== undefined) return field;
  throw refused(`Filter not found: ${name.slice(0, 50)}. Expected one of ${FIELDS.join(', ')}.`);
}

function readTest(text: string): FieldTest {
  const [, called, inside = ''] = /^(\w+)\((.*)\)$/s.exec(text) ?? [];
  const name = TEST_NAMES.find((known) => known === called);
  return name === undefined ? { name: 'Eq', values: [text] } : { name, values: readValues(name, inside) };
}

function readValues(name: TestName, inside: string): string[] {
  if (name === 'In' || name === 'Nin') return inside.split(',');
  if (name !== 'Between' && name !== 'Except') return [inside];
  const values = inside.split(',');
  if (values.length !== 2) throw refused(`${name} takes two values. Expected ${name}(lower,upper).`);
  return values;
}

function refuseUnusable(field: Field, value: string): void {
  if (field === 'RemoteAddr' && !isAddress(value)) {
    throw refused(
      'A RemoteAddr is not usable. Expected an address with its port, as 10.0.0.1:80 or [::1]:80.',
    );
  }
  if (isTime(field) && !isRfc3339(value.toUpperCase())) {
    throw refused(`A ${field} is not usable. Expected a time as 2025-01-15T10:30:00Z.`);
  }
}

function refused(message: string): BelfryError {
  return new BelfryError('not_acceptable', message);
}
