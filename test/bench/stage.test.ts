import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { MetricsPage } from '../support/metrics.ts';
import { perform, type Effort } from './perform.ts';
import { programInC } from './native.ts';
import { PEERS, peerOf } from './peers/index.ts';
import { endAll } from './processes.ts';
import { runAt } from './runs.ts';
import type { Scenario } from './scenarios.ts';
import { Stage } from './stage.ts';

/** The shortest steps, since nothing here is about time. */
const SHORT: Effort = {
  warmUpMs: 100,
  entryWarmUpMs: 100,
  stepMs: 100,
  fixedMs: 200,
  fixedRuns: 1,
  halvings: 0,
  votes: 1,
  calmWithinMs: 0,
};
const GROUPS = [
  { count: 2, topics: 1 },
  { count: 4, topics: 4, firstTopic: 1 },
];
const SCENARIO: Scenario = { name: 'short', groups: GROUPS, topics: 5, perEvent: 1.2, rate: 100 };
/** Each benchmark starts Redis, a server and two more processes. */
const LASTS_AT_MOST_MS = 90_000;
const installed = PEERS.filter((peer) => peer.installed()).map(({ name }) => name);

afterAll(endAll);

describe('the benchmark', () => {
  it.each(installed)(
    'counts each event once for each subscriber of %s',
    async (name) => {
      const { fixed } = (await perform(peerOf(name), SCENARIO, SHORT)) ?? {};
      expect(fixed).toMatchObject({ open: 6, ended: {} });
      expect(fixed?.published.error).toBeUndefined();
      expect(fixed?.events).toBe(heardOf(fixed?.published.count ?? 0));
      expect(fixed?.events).toBeGreaterThan(0);
      expect(fixed?.p50).toBeGreaterThan(0);
    },
    LASTS_AT_MOST_MS,
  );
});

/** Of five topics the first has two subscribers, and each other one has one. */
function heardOf(published: number): number {
  return published + Math.ceil(published / 5);
}

it(
  'the benchmark of TLS counts what clients hear over TLS',
  async () => {
    const scenario: Scenario = {
      name: 'TLS',
      groups: [{ count: 3, topics: 1 }],
      perEvent: 3,
      rate: 100,
      tls: true,
    };
    const { fixed } = (await perform(peerOf('belfry'), scenario, SHORT)) ?? {};
    expect(fixed).toMatchObject({ open: 3, ended: {}, events: fixed?.expected });
    expect(fixed?.events).toBeGreaterThan(0);
  },
  LASTS_AT_MOST_MS,
);

it.skipIf(programInC('main') === undefined)(
  'the benchmark of event streams counts what clients hear over HTTP',
  async () => {
    const groups = [{ count: 3, topics: 1, dialect: 'event stream' as const }];
    const scenario: Scenario = { name: 'streams', groups, perEvent: 3, rate: 100 };
    const { fixed } = (await perform(peerOf('belfry'), scenario, SHORT)) ?? {};
    expect(fixed).toMatchObject({ open: 3, ended: {}, events: fixed?.expected });
    expect(fixed?.events).toBeGreaterThan(0);
  },
  LASTS_AT_MOST_MS,
);

it(
  'the benchmark of workers waits for all of them, and counts what their clients hear and the CPU time of each',
  async () => {
    const groups = [{ count: 4, topics: 1 }];
    const scenario: Scenario = { name: 'workers', groups, perEvent: 4, rate: 100, workers: 2 };
    const stage = await Stage.set(peerOf('belfry'), scenario);
    onTestFinished(async () => void (await stage?.strike()));
    const { port = 0 } = stage?.first ?? {};
    const page = await MetricsPage.of(`http://127.0.0.1:${port}`);
    await stage?.fill();
    const usage = stage?.usage();
    const run = stage && (await runAt(stage, 100, 300));
    expect(run).toMatchObject({ open: 4, ended: {}, events: run?.expected });
    const up = [1, 2].map((worker) => page.get(`belfry_worker_up{worker="${worker}"}`));
    expect([stage?.nodes, ...up]).toEqual([2, 1, 1]);
    // The supervisor holds no connection, so the time is that of its workers.
    expect(usage?.().server).toBeGreaterThan(5);
  },
  LASTS_AT_MOST_MS,
);

it(
  'the benchmark fails where a server never gives a client the answer that it waits for',
  async () => {
    // The clients of the hub wait for the answer to their subscription, which a plain loop does not give.
    const silent = { ...peerOf('ws'), name: 'belfry' };
    const groups = [{ count: 2, topics: 1 }];
    const scenario: Scenario = { name: 'silence', groups, perEvent: 2, rate: 100, openWithinMs: 200 };
    await expect(perform(silent, scenario, SHORT)).rejects.toThrow(
      'some clients wait for an answer of the server',
    );
  },
  LASTS_AT_MOST_MS,
);

describe('the benchmark of a failover', () => {
  it.each([
    ['belfry', 7],
    ['ws', 0],
  ])(
    'reconnects the clients of a killed node of %s to the other node, where they receive what they missed if it has a log',
    async (name, wanted) => {
      const groups = [{ count: 7, topics: 7 }];
      const scenario: Scenario = { name: 'failover', groups, perEvent: 1, nodes: 2, fails: true };
      const { failover } = (await perform(peerOf(name), scenario, SHORT)) ?? {};
      expect(failover).toMatchObject({ connected: 7, wanted, heard: wanted });
    },
    LASTS_AT_MOST_MS,
  );
});

describe('the benchmark of the entry point', () => {
  it.each(['fcall', 'http list', 'ingress', 'socket'] as const)(
    'publishes by %s until a client has received the last event',
    async (by) => {
      const groups = [{ count: 1, topics: 1, firstTopic: 1 }];
      const scenario: Scenario = { name: by, groups, by, perEvent: 0, rate: 200 };
      const { entry } = (await perform(peerOf('belfry'), scenario, SHORT)) ?? {};
      expect(entry).toMatchObject({ refusals: 0, isHeard: true });
      expect(entry?.events).toBeGreaterThan(0);
      expect(entry?.redisUsPerEvent).toBeGreaterThan(0);
    },
    LASTS_AT_MOST_MS,
  );
});
