import type { NodeReport, NodeStatus } from '../../../cli/node-report.ts';

/** All nodes as far as this page has heard of them. */
export interface Fleet {
  /** When the hub answered last, in milliseconds of this machine; `undefined` before its first answer. */
  readonly at: number | undefined;
  /** In the order of their names, those that are gone included. */
  readonly nodes: readonly FleetNode[];
}

export interface FleetNode {
  /** Two nodes may have one name by mistake, and a node that was started again is another one. */
  readonly id: string;
  /** What it reported last. */
  readonly report: NodeReport;
  /** What it answered last, and when; both `undefined` when it has not answered yet. */
  readonly status: NodeStatus | undefined;
  readonly statusAt: number | undefined;
  /** Whether it did not answer the last time, although the hub has it on its list. */
  readonly isSilent: boolean;
  /** When the hub had it no more on its list. */
  readonly goneAt: number | undefined;
  /** The last time when deliveries were dropped while this page looked, and how many since that began. */
  readonly drops: { readonly at: number; readonly count: number } | undefined;
}

export const NO_FLEET: Fleet = { at: undefined, nodes: [] };

/** For so long a node that is gone is shown. */
const GONE_SHOWN_MS = 600_000;
/** Drops that are further apart belong to different occasions. */
export const DROPS_SHOWN_MS = 60_000;

/** What is known after an answer of the hub that came at this time. */
export function afterAnswer({ nodes: known }: Fleet, answer: readonly NodeReport[], at: number): Fleet {
  const before = new Map(known.map((node) => [node.id, node]));
  const present = answer.map((report) => presentNode(report, before.get(idOf(report)), at));
  const ids = new Set(present.map(({ id }) => id));
  const names = new Set(answer.map(({ name }) => name));
  const gone = known
    .filter(({ id, report: { name } }) => !ids.has(id) && !names.has(name))
    .map((node) => ({ ...node, isSilent: false, goneAt: node.goneAt ?? at }))
    .filter(({ goneAt }) => at - goneAt < GONE_SHOWN_MS);
  return { at, nodes: [...present, ...gone].toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Those that the hub has on its list. */
export function presentNodes({ nodes }: Fleet): readonly FleetNode[] {
  return nodes.filter(({ goneAt }) => goneAt === undefined);
}

/** Deliveries to slow clients that a node dropped since its start. */
export function droppedBy({ deliveries }: NodeStatus): number {
  return Object.values(deliveries).reduce((sum, { droppedSlow }) => sum + droppedSlow, 0);
}

/** Gaps in the log after which something was missing, since the start of a node. */
export function unrepairedBy({ gapsDetected, gapsRepaired }: NodeStatus): number {
  return gapsDetected - gapsRepaired;
}

function presentNode(report: NodeReport, before: FleetNode | undefined, at: number): FleetNode {
  const { status } = report;
  const common = { id: idOf(report), report, goneAt: undefined };
  if (status === null || status === undefined)
    return {
      ...common,
      status: before?.status,
      statusAt: before?.statusAt,
      isSilent: true,
      drops: before?.drops,
    };
  return { ...common, status, statusAt: at, isSilent: false, drops: dropsOf(status, before, at) };
}

function dropsOf(status: NodeStatus, before: FleetNode | undefined, at: number): FleetNode['drops'] {
  const more = before?.status === undefined ? 0 : droppedBy(status) - droppedBy(before.status);
  const last =
    before?.drops !== undefined && at - before.drops.at < DROPS_SHOWN_MS ? before.drops : undefined;
  return more > 0 ? { at, count: more + (last?.count ?? 0) } : last;
}

function idOf({ name, since }: NodeReport): string {
  return `${name} ${since}`;
}
