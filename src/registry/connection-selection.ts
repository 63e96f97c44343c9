import { UNKNOWN } from '../model/principal.ts';
import { sortableAddress } from './address.ts';
import { regularExpression } from './regular-expression.ts';
import {
  comparable,
  type ConnectionQuery,
  type Field,
  type FieldFilter,
  type FieldTest,
} from './connection-query.ts';
import type { ConnectionRecord } from './registry.ts';

/** Selects every connection, in the order of addresses. */
export const EVERYBODY = { visible: 'all', filters: [], sort: [], reverse: false, offset: 0 } as const;

type Comparable = string | number;
type Test = (record: ConnectionRecord) => boolean;

interface Candidate {
  readonly record: ConnectionRecord;
  /** The values to sort by, the most significant first. No two records have equal ones. */
  readonly order: readonly Comparable[];
}

/**
 * Selects the page of a query out of records that are offered in any order. It holds at most twice as many records as
 * the page and those before it.
 */
export class Selection {
  /** How many records, in the order of the query, decide the page. */
  readonly #needed: number;
  readonly #query: ConnectionQuery;
  readonly #test: Test;
  #candidates: Candidate[] = [];

  constructor(query: ConnectionQuery) {
    this.#query = query;
    this.#needed = query.offset + query.limit;
    this.#test = testOf(query);
  }

  offer(record: ConnectionRecord): void {
    if (!this.#test(record)) return;
    this.#candidates.push({ record, order: orderOf(record, this.#query.sort) });
    if (this.#candidates.length > this.#needed * 2) this.#trim();
  }

  /** Whether the page is complete, if records come in the order of addresses. */
  get isFull(): boolean {
    return this.#query.sort.length === 0 && this.#candidates.length >= this.#needed;
  }

  page(): ConnectionRecord[] {
    this.#trim();
    return this.#candidates.slice(this.#query.offset).map(({ record }) => record);
  }

  #trim(): void {
    const direction = this.#query.reverse ? -1 : 1;
    const inOrder = this.#candidates.toSorted((a, b) => direction * compareOrders(a.order, b.order));
    this.#candidates = inOrder.slice(0, this.#needed);
  }
}

/** Whether a query includes anonymous connections, which it does by naming `Principal`. */
export function asksForUnknown({ filters }: ConnectionQuery): boolean {
  return filters.some(({ field }) => field === 'Principal');
}

/** Whether the caller may see a record, regardless of filters. */
export function visibleTo(query: ConnectionQuery): Test {
  const visible = query.visible === 'all' ? undefined : new Set(query.visible);
  const withUnknown = asksForUnknown(query);
  return ({ Principal: principal }) =>
    (visible?.has(principal) ?? true) && (withUnknown || principal !== UNKNOWN);
}

function testOf(query: ConnectionQuery): Test {
  const tests = [visibleTo(query), ...query.filters.map(filterTest)];
  return (record) => tests.every((test) => test(record));
}

function filterTest(filter: FieldFilter): Test {
  const { field } = filter;
  const tests = filter.any.map((test) => valueTest(field, test));
  return (record) => tests.some((test) => test(record[field]));
}

function valueTest(field: Field, { name, values }: FieldTest): (value: string | null) => boolean {
  const [low = '', high = ''] = values.map((value) => comparable(field, value));
  const compared = (holds: (value: Comparable) => boolean) => (value: string | null) =>
    holds(comparable(field, value));
  switch (name) {
    case 'Eq':
      return compared((value) => value === low);
    case 'Ne':
      return compared((value) => value !== low);
    case 'Lt':
      return compared((value) => value < low);
    case 'Lte':
      return compared((value) => value <= low);
    case 'Gt':
      return compared((value) => value > low);
    case 'Gte':
      return compared((value) => value >= low);
    case 'Between':
      return compared((value) => value >= low && value <= high);
    case 'Except':
      return compared((value) => value < low || value > high);
    case 'In':
    case 'Nin': {
      const known = new Set(values.map((value) => comparable(field, value)));
      return compared((value) => known.has(value) === (name === 'In'));
    }
    case 'Re': {
      const expression = regularExpression(values[0] ?? '');
      return (value) => expression.test(value ?? '');
    }
  }
}

function orderOf(record: ConnectionRecord, sort: readonly Field[]): Comparable[] {
  const order = sort.map((field) => comparable(field, record[field]));
  return [...order, sortableAddress(record.RemoteAddr), record.Id];
}

function compareOrders(a: readonly Comparable[], b: readonly Comparable[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? '';
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}
