import { droppedBy, presentNodes, type Fleet } from './fleet.ts';

/** What all nodes of the hub do together. */
export interface Totals {
  readonly nodes: number;
  readonly connections: number;
  /** By dialect, the largest number first. */
  readonly dialects: readonly (readonly [dialect: string, connections: number])[];
  /** Every node hears every event, so this is what the node hears that hears most. */
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Of the slowest node. */
  readonly p99Ms: number;
  readonly lagMs: number;
  readonly slow: number;
  readonly queued: number;
  readonly queuedBytes: number;
  /** Since the start of each node. */
  readonly dropped: number;
  readonly gapsDetected: number;
  readonly gapsRepaired: number;
  readonly memoryBytes: number;
}

/** The last figures of the nodes that the hub has on its list. */
export function totalsOf(fleet: Fleet): Totals {
  const present = presentNodes(fleet);
  const reports = present.map(({ report }) => report);
  const statuses = present.flatMap(({ status }) => status ?? []);
  const dialects = new Map<string, number>();
  for (const { connections } of statuses)
    for (const [name, count] of Object.entries(connections))
      dialects.set(name, (dialects.get(name) ?? 0) + count);
  return {
    nodes: present.length,
    connections: sum(reports, ({ connections }) => connections),
    dialects: [...dialects].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)),
    eventsPerSecond: most(reports, (report) => report.eventsPerSecond),
    deliveriesPerSecond: sum(reports, (report) => report.deliveriesPerSecond),
    p99Ms: most(reports, (report) => report.p99Ms),
    lagMs: most(reports, (report) => report.lagMs),
    slow: sum(statuses, ({ slow }) => slow),
    queued: sum(statuses, ({ queued }) => queued),
    queuedBytes: sum(statuses, ({ queuedBytes }) => queuedBytes),
    dropped: sum(statuses, droppedBy),
    gapsDetected: sum(statuses, ({ gapsDetected }) => gapsDetected),
    gapsRepaired: sum(statuses, ({ gapsRepaired }) => gapsRepaired),
    memoryBytes: sum(statuses, ({ memoryBytes }) => memoryBytes),
  };
}

function sum<Each>(list: readonly Each[], of: (each: Each) => number): number {
  return list.reduce((total, each) => total + of(each), 0);
}

function most<Each>(list: readonly Each[], of: (each: Each) => number): number {
  return Math.max(0, ...list.map(of));
}
