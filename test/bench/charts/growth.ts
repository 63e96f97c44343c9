import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../figures.ts';
import { limitOf } from '../perform.ts';
import type { Peer } from '../peers/peer.ts';
import { calm } from '../processes.ts';
import { runAt } from '../runs.ts';
import type { Scenario } from '../scenarios.ts';
import { Stage } from '../stage.ts';
import type { Chart, Series } from './svg.ts';

const WARM_UP_MS = 1_000;
const STEP_MS = 2_500;
const RESTS_MS = 2_000;
const CALM_WITHIN_MS = 2_000;
const MIB = 2 ** 20;

/** A curve that tells how something grows with something else. */
export interface Growth extends Omit<Chart, 'series' | 'caption'> {
  readonly name: string;
  /** The names of the peers that are drawn. */
  readonly peers: readonly string[];
  /** The points of one peer. The list is empty where the peer is not installed. */
  measure(peer: Peer): Promise<Series['points']>;
}

const EVENTS_LABEL = 'events a second (a line ends where the server is full)';
const EVENTS: Scenario = { name: 'growth of events', groups: [{ count: 1_000, topics: 1 }], perEvent: 1_000 };

/** All curves. Each one is a file of the documentation. */
export const GROWTH: readonly Growth[] = [
  {
    name: 'connections',
    title: 'Memory of a node by its idle connections, each with a pattern of its own',
    xLabel: 'connections',
    yLabel: 'resident memory, MiB',
    isLogarithmic: false,
    peers: ['belfry', 'ws', 'bun', 'centrifugo'],
    measure: (peer) =>
      withStage(
        peer,
        { name: 'growth', groups: [{ count: 15_000, topics: 15_000 }], perEvent: 0 },
        async (stage) => {
          const points: [number, number][] = [];
          for (const count of [1_000, 5_000, 10_000, 15_000]) {
            await stage.fill(count);
            await sleep(RESTS_MS);
            points.push([count, stage.residentBytes() / MIB]);
          }
          return points;
        },
      ),
  },
  {
    name: 'topics',
    title: 'CPU an event by topics, one client each, 2,000 events/s',
    xLabel: 'topics',
    yLabel: 'CPU of the server an event, µs',
    isLogarithmic: true,
    peers: ['belfry', 'ws', 'bun', 'nats'],
    measure: (peer) =>
      perStage(peer, [10, 100, 1_000, 10_000], (topics) => ({
        scenario: {
          name: 'growth',
          groups: [{ count: topics, topics }],
          topics,
          perEvent: 1,
          durable: false,
        },
        rate: 2_000,
        figure: 'cpuUsPerEvent',
      })),
  },
  {
    name: 'nodes',
    title: 'CPU of each node a delivery by nodes, 250 clients each, 60 events/s',
    xLabel: 'nodes',
    yLabel: 'CPU of the node a delivery, µs',
    isLogarithmic: false,
    peers: ['belfry'],
    measure: (peer) =>
      perStage(peer, [1, 2, 3, 4], (nodes) => ({
        scenario: {
          name: 'growth',
          groups: [{ count: 250 * nodes, topics: 1 }],
          perEvent: 250 * nodes,
          nodes,
        },
        rate: 60,
        figure: 'cpuUsPerDelivery',
      })),
  },
  {
    name: 'events',
    title: 'CPU by events a second, each to 1,000 clients',
    xLabel: EVENTS_LABEL,
    yLabel: 'CPU of the server, % of a core',
    isLogarithmic: true,
    peers: ['belfry', 'ws', 'bun', 'centrifugo'],
    measure: (peer) => byEvents(peer, ({ serverBusy }) => serverBusy * 100),
  },
  {
    name: 'latency',
    title: 'Latency by events a second, each to 1,000 clients',
    xLabel: EVENTS_LABEL,
    yLabel: 'p99 from publish to the client, ms',
    isLogarithmic: true,
    peers: ['belfry', 'ws', 'bun', 'centrifugo'],
    measure: (peer) => byEvents(peer, ({ p99 }) => p99),
  },
];

/** A server whose p99 is above this is full. */
const LATE_MS = 1_000;

/** One run that fails may be noise, so a line ends only where two do. */
function byEvents(peer: Peer, figureOf: (run: Run) => number): Promise<Series['points']> {
  return withStage(peer, EVENTS, async (stage) => {
    const points: [number, number][] = [];
    await runAt(stage, 100, WARM_UP_MS);
    for (const rate of [10, 30, 100, 300, 1_000, 2_000, 3_000]) {
      let run: Run | undefined;
      for (let tries = 0; tries < 2 && run === undefined; tries++) {
        await calm(CALM_WITHIN_MS);
        const tried = await runAt(stage, rate, STEP_MS);
        if (limitOf(tried, LATE_MS) === undefined) run = tried;
      }
      if (run === undefined) break;
      points.push([rate, figureOf(run)]);
    }
    return points;
  });
}

interface Step {
  readonly scenario: Scenario;
  readonly rate: number;
  readonly figure: 'cpuUsPerEvent' | 'cpuUsPerDelivery';
}

/** Measures each point on a stage of its own. */
async function perStage(
  peer: Peer,
  xs: readonly number[],
  stepOf: (x: number) => Step,
): Promise<Series['points']> {
  const points: (readonly [number, number])[] = [];
  for (const x of xs) {
    const { scenario, rate, figure } = stepOf(x);
    const found = await withStage(peer, scenario, async (stage) => {
      await runAt(stage, rate, WARM_UP_MS);
      await calm(CALM_WITHIN_MS);
      return [[x, (await runAt(stage, rate, STEP_MS))[figure]]];
    });
    points.push(...found);
  }
  return points;
}

async function withStage(
  peer: Peer,
  scenario: Scenario,
  measure: (stage: Stage) => Promise<Series['points']>,
): Promise<Series['points']> {
  const stage = await Stage.set(peer, scenario);
  if (stage === undefined) return [];
  try {
    return await measure(stage);
  } finally {
    await stage.strike();
  }
}
