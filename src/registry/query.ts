import { RE2JS } from 're2js';
import { BelfryError } from '../model/errors.ts';
import type { Principal } from '../model/principal.ts';
import { isRfc3339 } from '../model/time.ts';
import { isAddress, sortableAddress } from './address.ts';

/** The fields that a filter or an order may name. */
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

/** One of these must hold for the field. Values are as written; addresses and times compare as what they are. */
export interface FieldFilter {
  readonly field: Field;
  readonly any: readonly FieldTest[];
}

export interface FieldTest {
  readonly name: TestName;
  /** Two of `Between` and `Except`, which count their ends in; any number of `In` and `Nin`; else one. */
  readonly values: readonly string[];
}

const TEST_NAMES = ['Eq', 'Ne', 'Lt', 'Lte', 'Gt', 'Gte', 'Between', 'Except', 'In', 'Nin', 'Re'] as const;
export type TestName = (typeof TEST_NAMES)[number];

/** Which connections, and in what order. Anonymous ones are left out unless a filter names `Principal`. */
export interface ConnectionQuery {
  /** Whose connections the caller may see. */
  readonly visible: 'all' | readonly Principal[];
  /** All must hold. */
  readonly filters: readonly FieldFilter[];
  /** By these fields, the first one first; by `RemoteAddr` when empty. */
  readonly sort: readonly Field[];
  readonly reverse: boolean;
  readonly offset: number;
  /** May be Infinity. */
  readonly limit: number;
}

/** What DRP's clients may add to any request, and the token; none of them changes what is listed. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'slim',
  'params',
  'decode',
  'token',
  'Token',
  'access_token',
]);

/**
 * A query as DRP writes it: `Principal=user:ada`, `RemoteAddr=Lt(10.0.1.0:0)`, `sort`, `reverse`, `offset`, `limit`. The
 * same field again is another chance, another field is another condition. What only looks like a function is a value, as
 * many a user agent does.
 * @throws BelfryError `not_acceptable`
 */
export function parseQuery(params: URLSearchParams, visible: ConnectionQuery['visible']): ConnectionQuery {
  const page = { offset: 0, limit: Infinity };
  const sort: Field[] = [];
  const tests = new Map<Field, FieldTest[]>();
  let reverse = false;
  for (const [name, value] of params) {
    if (WITHOUT_EFFECT.has(name)) continue;
    if (name === 'offset' || name === 'limit') page[name] = readCount(name, value);
    else if (name === 'reverse') reverse = readSwitch(value);
    else if (name === 'sort') sort.push(readField(value));
    else {
      const field = readField(name);
      tests.set(field, [...(tests.get(field) ?? []), readTest(field, value)]);
    }
  }
  const filters = Array.from(tests, ([field, chances]) => ({ any: chances, field }));
  return { visible, filters, sort, reverse, ...page };
}

/** What a value of a field is compared by: an address, a time, or its text. Never ending is later than any time. */
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

function readTest(field: Field, text: string): FieldTest {
  const [, called, inside = ''] = /^(\w+)\((.*)\)$/s.exec(text) ?? [];
  const name = TEST_NAMES.find((known) => known === called);
  const test: FieldTest =
    name === undefined ? { name: 'Eq', values: [text] } : { name, values: readValues(name, inside) };
  if (test.name === 'Re') readExpression(test.values[0] ?? '');
  else for (const value of test.values) refuseUnusable(field, value);
  return test;
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

function readExpression(text: string): void {
  try {
    RE2JS.compile(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be read';
    throw refused(`The regular expression is not usable: ${reason}. Expected the syntax of RE2.`, cause);
  }
}

function refused(message: string, cause?: unknown): BelfryError {
  return new BelfryError('not_acceptable', message, { cause });
}
