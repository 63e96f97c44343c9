import { dialectOf, type Connection } from './connection.ts';

export const COLUMNS = [
  'principal',
  'address',
  'dialect',
  'node',
  'since',
  'patterns',
  'queued',
  'lag',
  'dropped',
  'agent',
  'expires',
] as const;
export type ColumnName = (typeof COLUMNS)[number];

/** Columns of which only the node of a connection knows the values. */
export const DELIVERY_COLUMNS: ReadonlySet<ColumnName> = new Set(['queued', 'lag', 'dropped']);

export interface Sorting {
  readonly column: ColumnName;
  readonly isDescending: boolean;
}

export const NEWEST_FIRST: Sorting = { column: 'since', isDescending: true };

/** A sorting as it stands in an address: `node`, or `-since`. What is none is the newest first. */
export function parseSorting(written: string | null): Sorting {
  const column = COLUMNS.find((name) => name === written?.replace(/^-/, ''));
  return column === undefined ? NEWEST_FIRST : { column, isDescending: written?.startsWith('-') ?? false };
}

export function writeSorting({ column, isDescending }: Sorting): string {
  return `${isDescending ? '-' : ''}${column}`;
}

/** The sorting after a click on the head of a column. Numbers and times begin with the largest. */
export function nextSorting(now: Sorting, column: ColumnName): Sorting {
  if (now.column === column) return { column, isDescending: !now.isDescending };
  return {
    column,
    isDescending: column === 'since' || column === 'patterns' || DELIVERY_COLUMNS.has(column),
  };
}

type Value = string | number;

/** What never expires is after all that does. What no node told of stands as if nothing waited. */
const VALUES: Readonly<Record<ColumnName, (connection: Connection) => Value>> = {
  principal: ({ Principal }) => Principal,
  address: ({ RemoteAddr }) => addressKey(RemoteAddr),
  dialect: dialectOf,
  node: ({ Node }) => Node,
  since: ({ CreateTime }) => CreateTime,
  patterns: ({ Patterns }) => Patterns.length,
  queued: ({ Deliveries }) => Deliveries?.Queued ?? -1,
  lag: ({ Deliveries }) => {
    if (Deliveries == null) return -Infinity;
    return Deliveries.LaggingSince === null ? -8.64e15 : -Date.parse(Deliveries.LaggingSince);
  },
  dropped: ({ Deliveries }) => Deliveries?.Dropped ?? -1,
  agent: ({ UserAgent }) => UserAgent,
  expires: ({ ExpiresAt }) => ExpiresAt ?? '~',
};

/** The connections in this order. Equal ones stand in the order of their ids, so that none changes its place by itself. */
export function sorted(connections: readonly Connection[], { column, isDescending }: Sorting): Connection[] {
  const direction = isDescending ? -1 : 1;
  const valueOf = VALUES[column];
  return connections
    .map((connection) => ({ connection, value: valueOf(connection) }))
    .toSorted((a, b) => direction * compare(a.value, b.value) || compare(a.connection.Id, b.connection.Id))
    .map(({ connection }) => connection);
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Numbers in an address are compared as numbers. */
function addressKey(address: string): string {
  return address.replaceAll(/\d+/g, (digits) => digits.padStart(5, '0'));
}
