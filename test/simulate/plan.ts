import { readFileSync, writeFileSync } from 'node:fs';
import { fullAt, mostOf, type Most } from './limits.ts';
import type { Parts } from './parts.ts';
import { DEFAULTS, scenarioOf, type Scenario } from './scenario.ts';

const DATA = new URL('plan.json', import.meta.url);

/** What is asked of a hub, and the hub after one change of the one before. Without a change the hub before is large enough. */
export interface Step {
  readonly load: Partial<Scenario>;
  readonly change?: Partial<Scenario>;
}

/** A hub that grows: how its events spread, and its steps from the smallest hub on. */
export interface Shape {
  readonly name: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

/** What the simulation finds at a step: what is full in the hub before its change, if anything, and the most of the hub after it. */
export interface StepFound {
  readonly fullBefore?: string;
  readonly most: Most;
}

/** What was found at all steps, by the names of the shapes, with the parts of the cost that it was found with. */
export interface PlanFound {
  readonly parts: Parts;
  readonly shapes: Readonly<Record<string, readonly StepFound[]>>;
}

const unicast = (connections: number, events: number): Partial<Scenario> => ({
  connections,
  events,
  topics: connections,
});
const mixed = (connections: number, events: number): Partial<Scenario> => ({
  ...unicast(connections, events),
  broadcasts: 10,
});

/** All shapes. */
export const SHAPES: readonly Shape[] = [
  {
    name: 'Unicast',
    about: 'each client has a topic of its own and hears one event a second',
    steps: [
      { load: unicast(1_000, 1_000) },
      { load: unicast(10_000, 10_000) },
      { load: unicast(100_000, 100_000), change: { masters: 4, shards: 12 } },
      { load: unicast(100_000, 100_000), change: { hosts: 10 } },
      { load: unicast(1_000_000, 1_000_000), change: { masters: 48, shards: 96 } },
      { load: unicast(1_000_000, 1_000_000), change: { hosts: 100 } },
      { load: unicast(1_000_000, 1_000_000), change: { wanted: 4 } },
    ],
  },
  {
    name: 'Broadcast',
    about: 'all clients hear each of 10 events a second',
    steps: [
      { load: { connections: 1_000, broadcasts: 10 } },
      { load: { connections: 10_000, broadcasts: 10 } },
      { load: { connections: 100_000, broadcasts: 10 }, change: { hosts: 10 } },
      { load: { connections: 1_000_000, broadcasts: 10 }, change: { hosts: 100 } },
    ],
  },
  {
    name: 'Mixed',
    about: 'all clients hear 10 events a second, and each client one of its own every ten seconds',
    steps: [
      { load: mixed(1_000, 100) },
      { load: mixed(10_000, 1_000) },
      { load: mixed(100_000, 10_000), change: { hosts: 20 } },
      { load: mixed(1_000_000, 100_000), change: { masters: 12, shards: 48 } },
      { load: mixed(1_000_000, 100_000), change: { hosts: 140 } },
      { load: mixed(1_000_000, 100_000), change: { wanted: 4 } },
    ],
  },
];

/** The hub of each step with its load, before its change and after it. */
export function hubsOf({ steps }: Shape): { before: Partial<Scenario>; after: Partial<Scenario> }[] {
  let hub: Partial<Scenario> = {};
  return steps.map(({ load, change }) => {
    const before = { ...load, ...hub };
    hub = { ...hub, ...change };
    return { before, after: { ...load, ...hub } };
  });
}

/** Simulates all steps of a shape. */
export function climb(shape: Shape, parts: Parts): StepFound[] {
  return hubsOf(shape).map(({ before, after }) => {
    const fullBefore = fullAt(scenarioOf(before), parts, 1);
    const most = mostOf(scenarioOf(after), parts);
    return { ...(fullBefore !== undefined && { fullBefore }), most };
  });
}

/** Simulates the whole plan, which takes a minute, and keeps what was found for the documentation. */
export function writePlan(parts: Parts): void {
  const shapes = Object.fromEntries(SHAPES.map((shape) => [shape.name, climb(shape, parts)]));
  writeFileSync(DATA, `${JSON.stringify({ parts, shapes } satisfies PlanFound, null, 2)}\n`);
}

export function readPlan(): PlanFound {
  return JSON.parse(readFileSync(DATA, 'utf8')) as PlanFound;
}

/** The command that simulates this. */
export function commandOf(given: Partial<Scenario>): string {
  const options = Object.entries(given)
    .filter(([name, value]) => DEFAULTS[name as keyof Scenario] !== value || name === 'wanted')
    .map(
      ([name, value]) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`,
    );
  return ['npm run simulate --', ...options].join(' ');
}
