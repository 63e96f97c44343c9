import { millisecondsText } from '../ui/numbers.ts';
import type { Fleet, FleetNode } from './fleet.ts';

/** Something that is wrong, or may become wrong. */
export interface Finding {
  /** The same one has the same id the next time. */
  readonly id: string;
  readonly tone: 'bad' | 'warn';
  /** What is wrong. */
  readonly what: string;
  /** What to do about it. */
  readonly todo: string;
  /** The page of the docs, as under `docs/`. */
  readonly page: string;
  /** A screen of the console that shows more. */
  readonly screen?: { readonly path: string; readonly title: string };
}

export interface Looked {
  readonly fleet: Fleet;
  /** Why the hub did not answer the last time. */
  readonly error: { readonly message: string; readonly see?: string | undefined } | null;
  /** How many dead letters wait; `undefined` where that is not known. */
  readonly deadLetters: number | undefined;
  /** In milliseconds of this machine. */
  readonly now: number;
}

/** From which on a probe through Redis, or a delivery, is late. */
export const LATE_MS = 1_000;

/** The nodes, or what is known of them, by a text. Those without it are left out. */
export function by<Each>(
  list: readonly Each[],
  of: (each: Each) => string | null | undefined,
): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of list) {
    const name = of(each);
    if (name !== null && name !== undefined) groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return groups;
}

const NAMES = new Intl.ListFormat('en');

/** Their names: `a, b, and c`. */
export function listed(nodes: readonly FleetNode[]): string {
  return NAMES.format(nodes.map(({ report }) => report.name));
}

/** Their names, and the verb that they need. */
export function named(nodes: readonly FleetNode[]): string {
  return `${listed(nodes)} ${nodes.length > 1 ? 'are' : 'is'}`;
}

/** The largest of these times. */
export function worst(nodes: readonly FleetNode[], of: (node: FleetNode) => number): string {
  return millisecondsText(Math.max(...nodes.map(of)));
}
