import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryRun, Failover, Run } from './figures.ts';

import { EVENTS_A_REQUEST } from './entries.ts';
import type { Peer } from './peers/peer.ts';
import { calm } from './processes.ts';
import { failOver, replayOn, runAt } from './runs.ts';
import type { Scenario } from './scenarios.ts';
import { searchMost } from './search.ts';
import { Stage } from './stage.ts';
import { middle } from './statistics.ts';

export interface Effort {
  readonly warmUpMs: number;
  /**
   * For an entry point, which takes requests at full speed. Node compiles what they run through several times, until it has
   * served some 50,000 of them.
   */
  readonly entryWarmUpMs: number;
  readonly stepMs: number;
  readonly fixedMs: number;
  readonly fixedRuns: number;
  /** How often the range between the last good step and the first bad one is halved. */
  readonly halvings: number;
  /** How many runs at one rate decide at most whether it is sustained. */
  readonly votes: number;
  /** How long each step waits, at most, until no other process uses the machine. */
  readonly calmWithinMs: number;
}

export const FULL: Effort = {
  warmUpMs: 2_000,
  entryWarmUpMs: 6_000,
  stepMs: 2_500,
  fixedMs: 3_000,
  fixedRuns: 3,
  halvings: 3,
  votes: 3,
  calmWithinMs: 5_000,
};
export const QUICK: Effort = {
  warmUpMs: 700,
  entryWarmUpMs: 700,
  stepMs: 700,
  fixedMs: 1_500,
  fixedRuns: 1,
  halvings: 2,
  votes: 1,
  calmWithinMs: 150,
};

/** The share of the connections that is opened before memory is read. */
const FIRST_PART = 1 / 3;
const SUSTAINED = 0.99;
const PUBLISHED = 0.98;
const CORE_FULL = 0.9;

/** The reason why a search stopped. Only `server` and `p99` are limits of the server itself. */
export type Limit = 'server' | 'p99' | 'load client' | 'publisher' | 'lost events';

/** Which measurement a row is of, and what it took. */
interface About {
  readonly scenario: string;
  readonly peer: string;
  /** Which of several repetitions of the scenario this is, counted from 0. */
  readonly repeat: number;
  /** The CPU time of all processes that were started, in milliseconds. */
  readonly cpuMs: number;
}

export interface Row extends About {
  readonly connectsPerS?: number;
  readonly bytesPerConnection?: number;
  /** The run at the fixed rate. */
  readonly fixed?: Run;
  /** The fastest step that was sustained, and below, the reason why the next one was not. */
  readonly most?: Run;
  readonly limit?: Limit;
  /** The deliveries a second of all runs that confirmed the most, from the fewest to the most. */
  readonly mostSpread?: readonly [number, number];
  /** The run through an entry point. */
  readonly entry?: EntryRun;
  readonly failover?: Failover;
}

/** Measures one scenario with one peer. The result is `undefined` where the peer is not installed. */
export async function perform(
  peer: Peer,
  scenario: Scenario,
  effort: Effort,
  repeat = 0,
): Promise<Row | undefined> {
  const stage = await Stage.set(peer, scenario);
  if (stage === undefined) return undefined;
  let measured: Omit<Row, keyof About>;
  let used = 0;
  try {
    measured = await measure(stage, effort);
  } finally {
    used = await stage.strike();
  }
  return { scenario: scenario.name, peer: peer.name, repeat, ...measured, cpuMs: used };
}

async function measure(stage: Stage, effort: Effort): Promise<Omit<Row, keyof About>> {
  const { rate, warmUpRate = rate, searchFrom, restMs = 0, by, fails } = stage.scenario;
  if (by !== undefined) return { entry: await publish(stage, effort) };
  if (fails === true) return { failover: await failOver(stage) };
  const { connectsPerS, bytesPerConnection } = await connect(stage, restMs);
  if (warmUpRate !== undefined) await runAt(stage, warmUpRate, effort.warmUpMs);
  const fixed = rate === undefined ? {} : await atFixedRate(stage, rate, effort);
  const found = searchFrom === undefined ? {} : await search(stage, searchFrom, effort);
  return { connectsPerS, bytesPerConnection, ...fixed, ...found };
}

/**
 * Publishes by an entry point. The number of requests is what the server took in the warm-up, so that an entry point which
 * accepts more than the server hears does not collect what would take minutes.
 */
async function publish(stage: Stage, { entryWarmUpMs, fixedMs, calmWithinMs }: Effort): Promise<EntryRun> {
  const { rate, by = 'live', restMs = 0 } = stage.scenario;
  const paced = { requests: Number.MAX_SAFE_INTEGER, ...(rate !== undefined && { rate }) };
  const warmUp = await replayOn(stage, { ...paced, ms: entryWarmUpMs });
  await calm(calmWithinMs);
  // Somebody wanted the last event of the warm-up, and for a while a node reads without rests then.
  await sleep(restMs);
  if (rate !== undefined) return replayOn(stage, { ...paced, ms: fixedMs });
  const requests = Math.ceil(((warmUp.eventsPerS / EVENTS_A_REQUEST[by]) * fixedMs) / 1_000);
  return replayOn(stage, { requests, ms: fixedMs });
}

/**
 * Opens all connections. The memory of one connection is computed from those after the first part, since the first ones
 * also make the server compile its code and fill its young generation, which happens only once.
 */
async function connect(
  stage: Stage,
  restMs: number,
): Promise<{ connectsPerS: number; bytesPerConnection: number }> {
  const first = Math.floor(stage.connections * FIRST_PART);
  const firstMs = await stage.fill(first);
  await sleep(restMs);
  const before = stage.residentBytes();
  const restOfThemMs = await stage.fill();
  await sleep(restMs);
  return {
    connectsPerS: (stage.connections / (firstMs + restOfThemMs)) * 1_000,
    bytesPerConnection: (stage.residentBytes() - before) / (stage.connections - first),
  };
}

/** Searches the most deliveries a second that the server sustains. */
async function search(
  stage: Stage,
  from: number,
  { halvings, votes, stepMs, calmWithinMs }: Effort,
): Promise<Pick<Row, 'most' | 'mostSpread' | 'limit'>> {
  const { perEvent, p99MaxMs } = stage.scenario;
  const { most, failed } = await searchMost({
    from,
    halvings,
    votes,
    runAt: async (deliveries) => {
      await calm(calmWithinMs);
      return runAt(stage, deliveries / perEvent, stepMs);
    },
    isGood: (run) => limitOf(run, p99MaxMs) === undefined,
  });
  const rates = most?.runs.map(({ deliveriesPerS }) => deliveriesPerS) ?? [];
  const run = middle(most?.runs ?? [], ({ deliveriesPerS }) => deliveriesPerS);
  const limit = failed && limitOf(failed, p99MaxMs);
  return {
    ...(run && { most: run, mostSpread: [Math.min(...rates), Math.max(...rates)] as const }),
    ...(limit && { limit }),
  };
}

/** Of several runs at the fixed rate the one whose p99 is in the middle. */
async function atFixedRate(
  stage: Stage,
  rate: number,
  { fixedRuns, fixedMs, calmWithinMs }: Effort,
): Promise<Pick<Row, 'fixed'>> {
  const runs: Run[] = [];
  for (let count = 0; count < fixedRuns; count++) {
    await calm(calmWithinMs);
    runs.push(await runAt(stage, rate, fixedMs));
  }
  const fixed = middle(runs, ({ p99 }) => p99);
  return fixed === undefined ? {} : { fixed };
}

/** The reason why a rate is not sustained, or `undefined` when it is. */
export function limitOf(run: Run, p99MaxMs: number): Limit | undefined {
  const { published, rate, events, expected } = run;
  const isPublished = published.count >= ((rate * published.ms) / 1_000) * PUBLISHED - 1;
  const isDelivered = events >= expected * SUSTAINED;
  if (isPublished && isDelivered && run.p99 < p99MaxMs) return undefined;
  if (run.serverBusy > CORE_FULL) return 'server';
  if (run.saturated) return 'load client';
  if (!isPublished) return 'publisher';
  return isDelivered ? 'p99' : 'lost events';
}
