import { fileURLToPath } from 'node:url';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { micros } from '../../src/clients/load/mark.ts';
import type { EntryRun, Run } from './figures.ts';
import type { LoadClient } from './load.ts';
import { startLoad } from './start-load.ts';
import { EVENTS_A_REQUEST, TO_REDIS, type Entry } from './entries.ts';
import { eventTexts, topicOf } from './event-text.ts';
import type { Peer, Setup } from './peers/peer.ts';
import {
  answers,
  cpuMs,
  end,
  freePorts,
  LOAD_CORE,
  machineCpuMs,
  residentBytes,
  SERVER_CORE,
  start,
  startRedis,
} from './processes.ts';
import type { PublisherHandlers } from './publisher-process.ts';
import type { ReplayOptions } from './replay.ts';
import { Remote } from './rpc.ts';
import type { Scenario } from './scenarios.ts';

const PUBLISHER = fileURLToPath(new URL('publisher-process.ts', import.meta.url));
/** Deliveries that are under way when the last event is published have this much time to arrive. */
const GRACE_MS = 5_000;
const QUIET_MS = 700;
const RESTS_MS = 500;

/** After a run through an entry point the server has this much time to hear what it has not heard yet. */
const HEARD_WITHIN_MS = 30_000;
const NEVER_MS = 3_600_000;

const DEFAULTS = { word: 'bench.tick', size: 128, topics: 1, durable: true, p99MaxMs: 60, nodes: 1 };

/** CPU times in milliseconds. */
type Usage = Readonly<Record<'server' | 'redis' | 'publisher' | 'others', number>>;

/** A server with its Redis, its subscribers and its publisher, for one scenario. */
export class Stage {
  readonly scenario: Scenario & typeof DEFAULTS;
  readonly #peer: Peer;
  readonly #servers: ChildProcess[];
  readonly #setups: readonly Setup[];
  readonly #redis: ChildProcess;
  #isOpen = false;
  readonly #load: LoadClient;
  readonly #publisher: Remote<PublisherHandlers>;

  private constructor(
    peer: Peer,
    scenario: Scenario & typeof DEFAULTS,
    redis: ChildProcess,
    servers: ChildProcess[],
    setups: readonly Setup[],
  ) {
    this.#peer = peer;
    this.scenario = scenario;
    this.#redis = redis;
    this.#servers = servers;
    this.#setups = setups;
    this.#load = startLoad(scenario);
    this.#publisher = new Remote(
      start(publisherCore(scenario), [process.execPath, PUBLISHER], { speaks: 'ipc' }),
    );
  }

  /** Starts everything for a scenario. The result is `undefined` where the peer is not installed. */
  static async set(peer: Peer, given: Scenario): Promise<Stage | undefined> {
    const scenario = { ...DEFAULTS, ...given };
    if (!isAble(peer, scenario)) return undefined;
    const { child: redis, port: redisPort } = await startRedis();
    const servers: ChildProcess[] = [];
    const setups: Setup[] = [];
    for (let node = 0; node < scenario.nodes; node++) {
      const [port = 0, entryPort = 0, healthPort = 0] = await freePorts(3);
      const setup = { redisPort, port, entryPort, healthPort, node };
      const { command, env = {}, health } = peer.launch(setup);
      const server = start(SERVER_CORE, command, { env });
      await answers(peer.name, server, new URL(health, `http://127.0.0.1:${port}`).href);
      servers.push(server);
      setups.push(setup);
    }
    const stage = new Stage(peer, scenario, redis, servers, setups);
    const [setup] = setups;
    if (setup !== undefined && scenario.by === undefined)
      await stage.#publisher.ask('open', { peer: peer.name, setup, durable: scenario.durable });
    return stage;
  }

  get connections(): number {
    return this.scenario.groups.reduce((sum, { count }) => sum + count, 0);
  }

  /** Opens those of the first connections that are not open yet. It returns the time that this took in milliseconds. */
  async fill(first = this.connections): Promise<number> {
    const { word, groups } = this.scenario;
    const { opened, ms } = await this.#load.connect({
      peer: this.#peer.name,
      ports: this.#setups.map(({ port }) => port),
      word,
      groups,
      first,
    });
    if (opened > 0) await sleep(RESTS_MS);
    return ms;
  }

  /** Publishes at this rate for this long, and waits for the deliveries that are under way. */
  async run(rate: number, ms: number): Promise<Run> {
    await this.fill();
    const { word, size, topics, perEvent } = this.scenario;
    const usage = this.#usage();
    await this.#load.clear();
    const published = await this.#publisher.ask('run', { rate, ms, word, size, topics });
    const expected = Math.floor(published.count * perEvent);
    const tookMs = await this.#load.settle({
      events: expected,
      withinMs: GRACE_MS,
      quietMs: QUIET_MS,
    });
    const report = await this.#load.report();
    const { server: cpu, others } = usage();
    const lasted = Math.max(ms, tookMs);
    return {
      ...report,
      published,
      rate,
      expected,
      deliveriesPerS: (report.events / lasted) * 1_000,
      cpuUsPerDelivery: (cpu * 1_000) / report.events,
      cpuUsPerEvent: (cpu * 1_000) / published.count,
      serverBusy: cpu / lasted / this.#servers.length,
      othersBusy: others / lasted / availableParallelism(),
    };
  }

  /** Publishes by the entry point of the scenario, and waits until the server has told a client the last event. */
  async replay(options: ReplayOptions): Promise<EntryRun> {
    await this.fill();
    const { by, word, size } = this.scenario;
    const [setup] = this.#setups;
    if (by === undefined || setup === undefined) throw new Error('The scenario has no entry point.');
    const request = (topic: string): Entry => {
      const text = eventTexts(word, size)(topic, micros(), 0);
      const events = Array.from({ length: EVENTS_A_REQUEST[by] }, () => ({ topic, text }));
      const entry = this.#peer.entry?.(by, setup, events);
      if (entry === undefined) throw new Error(`${this.#peer.name} has no entry point "${by}".`);
      return entry;
    };
    if (!this.#isOpen) await this.#publisher.ask('openEntry', request(topicOf(0)));
    this.#isOpen = true;
    const usage = this.#usage();
    await this.#load.clear();
    const last = request(topicOf(1)).request;
    const replayed = await this.#publisher.ask('replay', { ...options, last });
    const lasted = await this.#load.settle({
      events: 1,
      withinMs: HEARD_WITHIN_MS,
      quietMs: NEVER_MS,
    });
    const { events: heard } = await this.#load.report();
    const used = usage();
    const events = replayed.accepted * EVENTS_A_REQUEST[by];
    return {
      ...replayed,
      events,
      isHeard: heard > 0,
      eventsPerS: (events / lasted) * 1_000,
      serverUsPerEvent: (used.server * 1_000) / events,
      redisUsPerEvent: (used.redis * 1_000) / events,
      serverBusy: used.server / lasted,
      redisBusy: used.redis / lasted,
      clientBusy: used.publisher / lasted,
      othersBusy: used.others / lasted / availableParallelism(),
    };
  }

  /** The resident memory of all nodes together, in bytes. */
  residentBytes(): number {
    return this.#servers.reduce((sum, { pid = 0 }) => sum + residentBytes(pid), 0);
  }

  /** Ends all processes, and returns the CPU time that they took. */
  async strike(): Promise<number> {
    const used = this.usedMs();
    for (const child of this.#children()) await end(child);
    return used;
  }

  /** The CPU time that all processes of the stage took so far, in milliseconds. */
  usedMs(): number {
    const alive = this.#children().filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    return alive.reduce((sum, { pid = 0 }) => sum + cpuMs(pid), 0);
  }

  #children(): ChildProcess[] {
    return [this.#load.child, this.#publisher.child, ...this.#servers, this.#redis];
  }

  /** From now on the CPU time of each part is counted, in milliseconds. */
  #usage(): () => Usage {
    const now = (): Usage => ({
      server: this.#servers.reduce((sum, { pid = 0 }) => sum + cpuMs(pid), 0),
      redis: cpuMs(this.#redis.pid ?? 0),
      publisher: cpuMs(this.#publisher.child.pid ?? 0),
      others: machineCpuMs() - this.usedMs(),
    });
    const before = now();
    return () => {
      const after = now();
      return {
        server: after.server - before.server,
        redis: after.redis - before.redis,
        publisher: after.publisher - before.publisher,
        others: Math.max(0, after.others - before.others),
      };
    };
  }
}

/** Redis is measured alone on its core, so what sends to it runs beside the node. */
function publisherCore({ by }: Scenario): number {
  return by !== undefined && TO_REDIS.has(by) ? SERVER_CORE : LOAD_CORE;
}

/** Whether the peer is installed and has the entry point of the scenario. */
function isAble(peer: Peer, { by }: Scenario): boolean {
  if (!peer.installed()) return false;
  const nowhere = { redisPort: 0, port: 0, entryPort: 0, healthPort: 0, node: 0 };
  return by === undefined || peer.entry?.(by, nowhere, []) !== undefined;
}
