import { performance } from 'node:perf_hooks';
import { findRedisServer } from '../support/redis-server.ts';
import { hasMoreAddresses } from './fault-cluster.ts';
import { randomOf } from './random.ts';
import type { Fault, Form } from './fault.ts';
import { recoveryOf, type Recovery } from './recovery.ts';
import type { Scenario } from './scenarios.ts';
import { SIZES, type Size } from './cast.ts';
import { Stage } from './stage.ts';
import { until } from './wait.ts';
import { World, type BrokerState, type Site } from './world.ts';

/** A scenario may take so much longer for each publisher. */
const MORE_MS = 1_000;
const LIMIT_MS: Readonly<Record<Form, number>> = { short: 60_000, long: 240_000 };
/** One or two sockets may still wait for the kernel, and a node hears each shard for a while after its last client. */
const EXTRA_FILES = 2;
/** What is compiled under load takes some 6 MB. What is kept of the past for clients that come back is forgotten after ten seconds. */
const EXTRA_BYTES = 10 * 1024 * 1024;

/** Plays scenarios one after another. Scenarios of one state share a world until one of them fails in it. */
export class Runner {
  /** How the hub recovered in each scenario in which nothing was wrong. */
  readonly recoveries: Recovery[] = [];
  readonly #random: () => number;
  readonly #worlds = new Map<BrokerState, Promise<World>>();
  #ended = false;
  #played = 0;

  readonly #sizes: Readonly<Partial<Record<BrokerState, Size>>>;

  /** `sizes` are those of the scenarios of each state; `small` where there is none. */
  constructor(seed: number, sizes: Readonly<Partial<Record<BrokerState, Size>>> = {}) {
    this.#random = randomOf(seed);
    this.#sizes = sizes;
  }

  /** Plays a scenario and returns the faults found, ideally none. It never rejects. */
  async play(scenario: Scenario, form: Form): Promise<string[]> {
    const size = this.#sizes[scenario.state] ?? SIZES.small;
    const late = AbortSignal.timeout(LIMIT_MS[form] + size.publishers * MORE_MS);
    let world: World | undefined;
    let wrong: string[];
    try {
      world = await this.#worldOf(scenario.state);
      wrong = await this.#playIn(world, scenario, form, late);
    } catch (error) {
      wrong = [error instanceof Error ? error.message : String(error)];
    }
    if (wrong.length === 0) return wrong;
    this.#worlds.delete(scenario.state);
    if (world === undefined) return wrong;
    const said = world.sites.flatMap(({ hub }) => hub.lines.slice(-20));
    await world.end();
    return [...wrong.slice(0, 20), ...(wrong.length > 20 ? [`… ${wrong.length} in all`] : []), ...said];
  }

  /** Ends all worlds, also those that are still starting. No new world can start afterwards. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled([...this.#worlds.values()].map(async (world) => (await world).end()));
  }

  #worldOf(state: BrokerState): Promise<World> {
    if (this.#ended) throw new Error('The runner has ended.');
    const world = this.#worlds.get(state) ?? World.begin(state);
    this.#worlds.set(state, world);
    return world;
  }

  async #playIn(world: World, scenario: Scenario, form: Form, late: AbortSignal): Promise<string[]> {
    const { fault, entryPoints, state } = scenario;
    const size = this.#sizes[state] ?? SIZES.small;
    const stage = new Stage(world, size, entryPoints, `p${++this.#played}`, this.#random);
    let struckAt = Number.POSITIVE_INFINITY;
    const act = async (): Promise<string[]> => {
      await stage.begin();
      await stage.flow(5);
      struckAt = performance.now();
      await fault.strike(stage, form);
      if (stage.overAt.length === 0) return ['the fault did not say when it was over: see Stage.over'];
      await world.recovered();
      await stage.flow(10);
      return [...(await stage.settle()), ...gapsOf(stage, fault.tellsGap)];
    };
    const began = performance.now();
    try {
      const wrong = await Promise.race([act(), tooLate(late, began)]);
      if (wrong.length > 0) return wrong;
    } finally {
      await stage.leave();
    }
    const files = EXTRA_FILES + world.layout.shards.length;
    await Promise.all(world.sites.map((site) => atRest(site, files)));
    this.recoveries.push(recoveryOf(scenario, stage, struckAt));
    return [];
  }
}

/** Why a scenario cannot be played on this machine, if it cannot. */
export async function skipOf({ fault, state }: Scenario): Promise<string | undefined> {
  if (findRedisServer() === undefined)
    return 'a Redis that is not ours cannot be killed: there is no redis-server on the PATH';
  if (state === 'Cluster' && !(await hasMoreAddresses()))
    return 'each node needs an address of this host to itself, and 127.0.0.2 is none';
  return fault.skip?.();
}

function gapsOf({ clients }: Stage, told: Fault['tellsGap']): string[] {
  const gaps = clients.flatMap((client, index) =>
    client.gaps.map(({ from, to, reason }) => `client ${index}: a gap from ${from} to ${to}: ${reason}`),
  );
  if (told === 'perhaps') return [];
  if (told) return gaps.length > 0 ? [] : ['nobody was told of a gap'];
  return gaps;
}

/** Waits until a node has given back its connections, files and memory, and its counts of deliveries add up. */
async function atRest({ hub }: Site, extraFiles: number): Promise<void> {
  await until(`${hub.url} has no connections`, async () => (await hub.metric('belfry_connections')) === 0);
  await until(`${hub.url} closes its files`, () => hub.extraFiles() <= extraFiles);
  await until(`the deliveries of ${hub.url} add up`, async () => {
    const due = await hub.metric('belfry_deliveries_received_total');
    return due === (await hub.metric('belfry_deliveries_total'));
  });
  await until(`${hub.url} gives back its memory`, async () => (await hub.extraBytes()) < EXTRA_BYTES);
}

function tooLate(late: AbortSignal, began: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    late.addEventListener('abort', () =>
      reject(new Error(`not over after ${Math.round(performance.now() - began)} ms`)),
    );
  });
}
