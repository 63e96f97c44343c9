import { masterBytes, nodeBytes } from './memory.ts';
import { frameBytes } from './node-core.ts';
import type { Parts } from './parts.ts';
import { hearingNodes, messageBytes } from './redis-core.ts';
import { nodesOf, rateOf, type Scenario } from './scenario.ts';
import { simulate, type Outcome } from './simulate.ts';

const BITS = 8;
/** A hub is full when events come later than this, or it falls behind by this share of the time. */
const P99_MAX_MS = 1_000;
const BEHIND_MAX = 0.15;
const GROWTH_MAX = 4_096;
/** The most is found within 4 %, which is less than what the simulation itself may be wrong by. */
const HALVINGS = 4;
/** So far beyond the most it is looked what is full. */
const BEYOND = 1.2;

/** One part of the hub, how much of it is used, and how much there is. */
export interface Load {
  readonly part: string;
  readonly used: number;
  readonly of: number;
  readonly unit: 'cores' | 'Gbit/s' | 'MiB';
}

/** What is used of each part: of one node, and of the master that has most to do. */
export function loadsOf(scenario: Scenario, parts: Parts, outcome: Outcome): Load[] {
  const GIGA = 1e9;
  const MIB = 2 ** 20;
  const { events, broadcasts, size, link, hosts, workers, masters, nodeMemory, masterMemory } = scenario;
  const message = messageBytes(scenario, parts) * BITS;
  const frame = (size + frameBytes(scenario, parts)) * BITS;
  const heard = (events * scenario.wanted) / scenario.shards + broadcasts;
  const ofHost = heard * message * workers + (outcome.deliveriesPerS / hosts) * frame;
  const toldBy = events * hearingNodes({ ...scenario, broadcasts: 0 }, 0) + broadcasts * nodesOf(scenario);
  const ofMaster = (toldBy / masters) * message;
  return [
    { part: 'core of a node', used: outcome.node.busy, of: 1, unit: 'cores' },
    { part: 'core of a master', used: outcome.master.busy, of: 1, unit: 'cores' },
    { part: 'network of a host', used: ofHost / GIGA, of: link / GIGA, unit: 'Gbit/s' },
    { part: 'network of a master', used: ofMaster / GIGA, of: link / GIGA, unit: 'Gbit/s' },
    { part: 'memory of a node', used: nodeBytes(scenario, parts) / MIB, of: nodeMemory / MIB, unit: 'MiB' },
    {
      part: 'memory of a master',
      used: masterBytes(scenario, parts) / MIB,
      of: masterMemory / MIB,
      unit: 'MiB',
    },
  ];
}

/** By how much the events may grow until the hub is full, and what is full then. */
export interface Most {
  readonly factor: number;
  readonly eventsPerS: number;
  readonly fullFirst: string;
}

export function mostOf(scenario: Scenario, parts: Parts): Most {
  let good = 1;
  while (good < GROWTH_MAX && fullAt(scenario, parts, good) === undefined) good *= 2;
  while (good > 1 / GROWTH_MAX && fullAt(scenario, parts, good) !== undefined) good /= 2;
  let bad = good * 2;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = Math.sqrt(good * bad);
    if (fullAt(scenario, parts, middle) === undefined) good = middle;
    else bad = middle;
  }
  return {
    factor: good,
    eventsPerS: rateOf(scenario) * good,
    fullFirst: fullAt(scenario, parts, good * BEYOND) ?? 'latency',
  };
}

/** What is full when there are so many times the events, if anything is. */
export function fullAt(scenario: Scenario, parts: Parts, factor: number): string | undefined {
  const grown = { ...scenario, events: scenario.events * factor, broadcasts: scenario.broadcasts * factor };
  const outcome = simulate(grown, parts);
  const loads = loadsOf(grown, parts, outcome);
  const over = loads.filter(({ used, of, unit }) => unit !== 'cores' && used > of);
  if (over.length > 0) return over.reduce((a, b) => (b.used / b.of > a.used / a.of ? b : a)).part;
  const behind = BEHIND_MAX * outcome.simulatedMs;
  if (outcome.master.behindMs > behind) return 'core of a master';
  if (outcome.node.behindMs > behind) return 'core of a node';
  return outcome.p99 > P99_MAX_MS ? 'core of a node' : undefined;
}

/** Whether memory or network are too small for what is asked already. */
export function overfull(loads: readonly Load[]): string[] {
  return loads.filter(({ used, of }) => used > of).map(({ part }) => part);
}
