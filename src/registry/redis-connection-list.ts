import type { Redis } from 'ioredis';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import { sortableAddress } from './address.ts';
import type { ConnectionQuery, Field } from './connection-query.ts';
import type { RegistryKeys } from './redis-registry-keys.ts';
import { recordOf } from './redis-connection-row.ts';
import type { ConnectionPage, ConnectionRecord } from './registry.ts';
import { asksForUnknown, Selection } from './connection-selection.ts';
import { bound } from '../model/bound.ts';

const PAGE = bound(
  'rows of the registry that are read at once',
  500,
  'entries',
  'the others are read after them',
);

/**
 * Each part of the registry takes a read of its own. A query with more combinations of principals and addresses
 * filters the addresses instead.
 */
const SOURCES_MAX = bound(
  'parts of the registry that one query reads',
  500,
  'entries',
  'the query reads fewer parts, and filters their addresses',
);

/** A part of the registry in the order of addresses: an index, or one address of an index. */
interface Source {
  readonly index: string;
  readonly address: string | undefined;
}

/** What to read for a query. `isExact` says that everything read matches the query. */
interface Plan {
  readonly query: ConnectionQuery;
  readonly sources: readonly Source[];
  readonly isExact: boolean;
}

/**
 * Reads the page of a query from the registry. Where an index tells which records match, only those of the page are
 * read.
 */
export async function listOf(
  redis: Redis,
  keys: RegistryKeys,
  query: ConnectionQuery,
): Promise<ConnectionPage> {
  if (query.visible.length === 0) return { records: [], total: 0 };
  const [total, records] = await Promise.all([
    countOf(redis, visibleIndexes(keys, query)),
    recordsOf(redis, keys, query),
  ]);
  return { records, total };
}

/** Reads the records of some ids or members of an index; records that are gone are left out. */
export async function readRecords(
  redis: Redis,
  keys: RegistryKeys,
  members: readonly string[],
): Promise<ConnectionRecord[]> {
  if (members.length === 0) return [];
  const rows = await redis.hmget(
    keys.rows,
    ...members.map((member) => member.slice(member.indexOf(':') + 1)),
  );
  return rows.flatMap((row) => (row === null ? [] : [recordOf(row)]));
}

async function countOf(redis: Redis, indexes: readonly string[]): Promise<number> {
  const counts = await Promise.all(indexes.map((index) => redis.zcard(index)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function recordsOf(
  redis: Redis,
  keys: RegistryKeys,
  query: ConnectionQuery,
): Promise<ConnectionRecord[]> {
  const ids = valuesOf(query, 'Id');
  if (ids !== undefined) {
    const all = new Selection(query);
    for (const record of await readRecords(redis, keys, [...ids])) all.offer(record);
    return all.page();
  }
  const plan = planOf(keys, query);
  const [only] = plan.sources;
  if (plan.sources.length === 1 && only !== undefined) return scan(redis, keys, plan, only, query.offset);
  const all = new Selection(query);
  for (const source of plan.sources) {
    for (const record of await scan(redis, keys, plan, source, 0)) all.offer(record);
  }
  return all.page();
}

/** Reads the records of one source that may be on the page, from an offset on. */
async function scan(
  redis: Redis,
  keys: RegistryKeys,
  { query, isExact }: Plan,
  source: Source,
  offset: number,
): Promise<ConnectionRecord[]> {
  const limit = query.limit + query.offset - offset;
  const skip = isExact ? offset : 0;
  const found = new Selection({ ...query, offset: offset - skip, limit });
  let after: string | undefined;
  let read = 0;
  while (!found.isFull) {
    const count = isExact ? Math.min(PAGE, limit - read) : PAGE;
    const members = await pageOf(redis, source, query.reverse, after ?? skip, count);
    for (const record of await readRecords(redis, keys, members)) found.offer(record);
    after = members.at(-1);
    read += members.length;
    if (members.length < count || after === undefined) break;
  }
  return found.page();
}

/** The next members of a source, after a member or after a number of members. */
function pageOf(
  redis: Redis,
  { index, address }: Source,
  reverse: boolean,
  after: string | number,
  count: number,
): Promise<string[]> {
  if (typeof after === 'number' && address === undefined) {
    const last = after + count - 1;
    return reverse ? redis.zrevrange(index, after, last) : redis.zrange(index, `${after}`, `${last}`);
  }
  const skip = typeof after === 'number' ? after : 0;
  const [first, last] = address === undefined ? ['-', '+'] : [`[${address}:`, `(${address};`];
  const begin = typeof after === 'string' ? `(${after}` : undefined;
  return reverse
    ? redis.zrevrangebylex(index, begin ?? last, first, 'LIMIT', skip, count)
    : redis.zrangebylex(index, begin ?? first, last, 'LIMIT', skip, count);
}

function planOf(keys: RegistryKeys, query: ConnectionQuery): Plan {
  const principals = valuesOf(query, 'Principal');
  const indexes =
    principals === undefined ? visibleIndexes(keys, query) : indexesOf(keys, visibleOf(query, principals));
  const named = valuesOf(query, 'RemoteAddr');
  const addresses = (named?.size ?? 0) * indexes.length > SOURCES_MAX ? undefined : named;
  const ranges = addresses === undefined ? [undefined] : new Set([...addresses].map(sortableAddress));
  return {
    query,
    sources: indexes.flatMap((index) => Array.from(ranges, (address) => ({ index, address }))),
    isExact:
      query.sort.length === 0 &&
      query.filters.length === [principals, addresses].filter((values) => values !== undefined).length,
  };
}

/** The indexes of the connections that the caller may see, regardless of filters. */
function visibleIndexes(keys: RegistryKeys, query: ConnectionQuery): string[] {
  const withUnknown = asksForUnknown(query);
  if (query.visible === 'all') return withUnknown ? [keys.known, keys.of(UNKNOWN)] : [keys.known];
  return indexesOf(
    keys,
    query.visible.filter((principal) => withUnknown || principal !== UNKNOWN),
  );
}

function indexesOf(keys: RegistryKeys, principals: Iterable<Principal>): string[] {
  return [...new Set(principals)].map((principal) => keys.of(principal));
}

function visibleOf({ visible }: ConnectionQuery, principals: ReadonlySet<Principal>): Principal[] {
  if (visible === 'all') return [...principals];
  const seen = new Set(visible);
  return [...principals].filter((principal) => seen.has(principal));
}

/** The values of which a field must have one, where the query says nothing else about the field. */
function valuesOf({ filters }: ConnectionQuery, field: Field): ReadonlySet<string> | undefined {
  const tests = filters.find((filter) => filter.field === field)?.any;
  const isPlain = tests?.every(({ name }) => name === 'Eq' || name === 'In') ?? false;
  return isPlain ? new Set(tests?.flatMap(({ values }) => values)) : undefined;
}
