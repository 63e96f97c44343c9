import { dialectOf, type Connection } from './connection.ts';

export interface Count {
  readonly value: string;
  readonly count: number;
}

export interface Counts {
  readonly total: number;
  readonly principals: number;
  readonly dialects: readonly Count[];
  readonly nodes: readonly Count[];
}

/** How many connections there are, by dialect and by node, the largest number first. */
export function countsOf(connections: Iterable<Connection>): Counts {
  const dialects = new Map<string, number>();
  const nodes = new Map<string, number>();
  const principals = new Set<string>();
  let total = 0;
  for (const connection of connections) {
    total++;
    principals.add(connection.Principal);
    add(dialects, dialectOf(connection));
    add(nodes, connection.Node);
  }
  return { total, principals: principals.size, dialects: inOrder(dialects), nodes: inOrder(nodes) };
}

function add(counts: Map<string, number>, value: string): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function inOrder(counts: ReadonlyMap<string, number>): Count[] {
  return Array.from(counts, ([value, count]) => ({ value, count })).toSorted(
    (a, b) => b.count - a.count || (a.value < b.value ? -1 : 1),
  );
}
