import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryRun, Run } from './figures.ts';
import { Stage } from './measure.ts';
import { EVENTS_A_REQUEST } from './entries.ts';
import type { Peer } from './peers/peer.ts';
import { calm, DISTURBED } from './processes.ts';
import type { Scenario } from './scenarios.ts';

export interface Effort {
  readonly warmUpMs: number;
  readonly stepMs: number;
  readonly fixedMs: number;
  /** How often the range between the last good step and the first bad one is halved. */
  readonly halvings: number;
  /** How often a step is tried when other processes disturb it. */
  readonly tries: number;
  /** How long each step waits, at most, until no other process uses the machine. */
  readonly calmWithinMs: number;
}

export const FULL: Effort = {
  warmUpMs: 1_000,
  stepMs: 2_500,
  fixedMs: 5_000,
  halvings: 3,
  tries: 4,
  calmWithinMs: 5_000,
};
export const QUICK: Effort = {
  warmUpMs: 700,
  stepMs: 700,
  fixedMs: 1_500,
  halvings: 2,
  tries: 1,
  calmWithinMs: 150,
};

/** The share of the connections that is opened before memory is read. */
const FIRST_PART = 1 / 3;
const SUSTAINED = 0.99;
const PUBLISHED = 0.98;
const CORE_FULL = 0.9;
/** No search needs as many steps, so one that reaches this bound has a fault. */
const STEPS_MAX = 14;

/** The reason why a search stopped. Only `server` and `p99` are limits of the server itself. */
export type Limit = 'server' | 'p99' | 'load client' | 'publisher' | 'lost events';

export interface Row {
  readonly scenario: string;
  readonly peer: string;
  readonly connectsPerS?: number;
  readonly bytesPerConnection?: number;
  /** The run at the fixed rate. */
  readonly fixed?: Run;
  /** The fastest step that was sustained, and below, the reason why the next one was not. */
  readonly most?: Run;
  readonly limit?: Limit;
  /** The run through an entry point. */
  readonly entry?: EntryRun;
  /** The CPU time of all processes that were started, in milliseconds. */
  readonly cpuMs: number;
}

/** Measures one scenario with one peer. The result is `undefined` where the peer is not installed. */
export async function perform(peer: Peer, scenario: Scenario, effort: Effort): Promise<Row | undefined> {
  const stage = await Stage.set(peer, scenario);
  if (stage === undefined) return undefined;
  let measured: Omit<Row, 'scenario' | 'peer' | 'cpuMs'>;
  let used = 0;
  try {
    measured = await measure(stage, effort);
  } finally {
    used = await stage.strike();
  }
  return { scenario: scenario.name, peer: peer.name, ...measured, cpuMs: used };
}

async function measure(stage: Stage, effort: Effort): Promise<Omit<Row, 'scenario' | 'peer' | 'cpuMs'>> {
  const { rate, warmUpRate = rate, searchFrom, restMs = 0, by } = stage.scenario;
  if (by !== undefined) return { entry: await publish(stage, effort) };
  const { connectsPerS, bytesPerConnection } = await connect(stage, restMs);
  if (warmUpRate !== undefined) await stage.run(warmUpRate, effort.warmUpMs);
  const fixed = rate === undefined ? {} : { fixed: await undisturbed(stage, rate, effort.fixedMs, effort) };
  const found = searchFrom === undefined ? {} : await search(stage, searchFrom, effort);
  return { connectsPerS, bytesPerConnection, ...fixed, ...found };
}

/**
 * Publishes by an entry point. The number of requests is what the server took in the warm-up, so that an entry point which
 * accepts more than the server hears does not collect what would take minutes.
 */
async function publish(stage: Stage, { warmUpMs, fixedMs, calmWithinMs }: Effort): Promise<EntryRun> {
  const { rate, by = 'live' } = stage.scenario;
  const paced = { requests: Number.MAX_SAFE_INTEGER, ...(rate !== undefined && { rate }) };
  const warmUp = await stage.replay({ ...paced, ms: warmUpMs });
  await calm(calmWithinMs);
  if (rate !== undefined) return stage.replay({ ...paced, ms: fixedMs });
  const requests = Math.ceil(((warmUp.eventsPerS / EVENTS_A_REQUEST[by]) * fixedMs) / 1_000);
  return stage.replay({ requests, ms: fixedMs });
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

/** Doubles the rate until it is not sustained any more, and then halves the range between. */
async function search(stage: Stage, from: number, effort: Effort): Promise<Pick<Row, 'most' | 'limit'>> {
  const { perEvent, p99MaxMs } = stage.scenario;
  let good: Run | undefined;
  let bad: { deliveries: number; limit: Limit } | undefined;
  let deliveries = from;
  let halvings = effort.halvings;
  for (let step = 0; step < STEPS_MAX; step++) {
    const { run, limit } = await attempt(stage, deliveries / perEvent, p99MaxMs, effort);
    if (limit === undefined) good = run;
    else bad = { deliveries, limit };
    const sustained = good === undefined ? 0 : good.rate * perEvent;
    if (bad === undefined) deliveries *= 2;
    else if (halvings-- > 0) deliveries = (sustained + bad.deliveries) / 2;
    else break;
  }
  return { ...(good && { most: good }), ...(bad && { limit: bad.limit }) };
}

/** Returns a run that was sustained, or else the run that was disturbed least. */
async function attempt(
  stage: Stage,
  rate: number,
  p99MaxMs: number,
  { stepMs, tries, calmWithinMs }: Effort,
): Promise<{ run: Run; limit: Limit | undefined }> {
  const run = await undisturbed(
    stage,
    rate,
    stepMs,
    { tries, calmWithinMs },
    (each) => limitOf(each, p99MaxMs) === undefined,
  );
  return { run, limit: limitOf(run, p99MaxMs) };
}

async function undisturbed(
  stage: Stage,
  rate: number,
  ms: number,
  { tries, calmWithinMs }: Pick<Effort, 'tries' | 'calmWithinMs'>,
  isGood: (run: Run) => boolean = () => false,
): Promise<Run> {
  let best: Run | undefined;
  for (let tried = 0; tried < tries; tried++) {
    await calm(calmWithinMs);
    const run = await stage.run(rate, ms);
    if (best === undefined || isGood(run) || run.othersBusy < best.othersBusy) best = run;
    if (isGood(run) || run.othersBusy < DISTURBED) return best;
  }
  return best ?? stage.run(rate, ms);
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
