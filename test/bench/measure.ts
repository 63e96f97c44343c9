import { fileURLToPath } from 'node:url';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetReport } from '../../src/clients/load/fleet.ts';
import type { LoadHandlers } from './load-process.ts';
import type { Peer } from './peers/peer.ts';
import {
  answers,
  cpuMs,
  end,
  freePort,
  LOAD_CORE,
  machineCpuMs,
  residentBytes,
  SERVER_CORE,
  start,
  startRedis,
} from './processes.ts';
import type { Published, PublisherHandlers } from './publisher-process.ts';
import { Remote } from './rpc.ts';
import type { Scenario } from './scenarios.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** Deliveries that are under way when the last event is published have so much time to arrive. */
const GRACE_MS = 5_000;
const QUIET_MS = 700;
const RESTS_MS = 500;

const DEFAULTS = { word: 'bench.tick', size: 128, topics: 1, durable: true, p99MaxMs: 60, nodes: 1 };

/** The figures of one run at one rate. */
export interface Run extends FleetReport {
  readonly published: Published;
  /** The wanted rate, in events a second. */
  readonly rate: number;
  readonly expected: number;
  readonly deliveriesPerS: number;
  readonly cpuUsPerDelivery: number;
  readonly cpuUsPerEvent: number;
  /** The share of a core that each server used. */
  readonly serverBusy: number;
  /** The share of the whole machine that processes outside of the benchmark used. */
  readonly othersBusy: number;
}

/** A server with its Redis, its subscribers and its publisher, for one scenario. */
export class Stage {
  readonly scenario: Scenario & typeof DEFAULTS;
  readonly #peer: Peer;
  readonly #servers: ChildProcess[];
  readonly #ports: readonly number[];
  readonly #redis: ChildProcess;
  readonly #load: Remote<LoadHandlers>;
  readonly #publisher: Remote<PublisherHandlers>;

  private constructor(
    peer: Peer,
    scenario: Scenario & typeof DEFAULTS,
    redis: ChildProcess,
    servers: ChildProcess[],
    ports: readonly number[],
  ) {
    this.#peer = peer;
    this.scenario = scenario;
    this.#redis = redis;
    this.#servers = servers;
    this.#ports = ports;
    const child = (file: string): ChildProcess =>
      start(LOAD_CORE, [process.execPath, here(file)], { ipc: true });
    this.#load = new Remote(child('load-process.ts'));
    this.#publisher = new Remote(child('publisher-process.ts'));
  }

  /** Starts everything for a scenario. The result is `undefined` where the peer is not installed. */
  static async set(peer: Peer, given: Scenario): Promise<Stage | undefined> {
    const scenario = { ...DEFAULTS, ...given };
    if (peer.launch({ redisPort: 0, port: 0, node: 0 }) === undefined) return undefined;
    const { child: redis, port: redisPort } = await startRedis();
    const servers: ChildProcess[] = [];
    const ports: number[] = [];
    for (let node = 0; node < scenario.nodes; node++) {
      const port = await freePort();
      const launch = peer.launch({ redisPort, port, node });
      if (launch === undefined) continue;
      const { command, env = {}, health } = launch;
      const server = start(SERVER_CORE, command, { env });
      await answers(peer.name, server, `http://127.0.0.1:${port}${health}`);
      servers.push(server);
      ports.push(port);
    }
    const stage = new Stage(peer, scenario, redis, servers, ports);
    const { durable } = scenario;
    await stage.#publisher.ask('open', { peer: peer.name, redisPort, port: ports[0] ?? 0, durable });
    return stage;
  }

  get connections(): number {
    return this.scenario.groups.reduce((sum, { count }) => sum + count, 0);
  }

  /** Opens those of the first connections that are not open yet. It returns the time that this took in milliseconds. */
  async fill(first = this.connections): Promise<number> {
    const { word, groups } = this.scenario;
    const { opened, ms } = await this.#load.ask('fill', {
      peer: this.#peer.name,
      ports: this.#ports,
      word,
      groups,
      first,
    });
    if (opened > 0) await sleep(RESTS_MS);
    return ms;
  }

  /** Publishes at this rate for so long, and waits for the deliveries that are under way. */
  async run(rate: number, ms: number): Promise<Run> {
    await this.fill();
    const { word, size, topics, perEvent } = this.scenario;
    const cpuBefore = this.#cpuMs();
    const oursBefore = this.usedMs();
    const machineBefore = machineCpuMs();
    await this.#load.ask('clear', undefined);
    const published = await this.#publisher.ask('run', { rate, ms, word, size, topics });
    const expected = Math.floor(published.count * perEvent);
    const tookMs = await this.#load.ask('settle', {
      events: expected,
      withinMs: GRACE_MS,
      quietMs: QUIET_MS,
    });
    const report = await this.#load.ask('report', undefined);
    const cpu = this.#cpuMs() - cpuBefore;
    const others = machineCpuMs() - machineBefore - (this.usedMs() - oursBefore);
    return {
      ...report,
      published,
      rate,
      expected,
      deliveriesPerS: (report.events / Math.max(ms, tookMs)) * 1_000,
      cpuUsPerDelivery: (cpu * 1_000) / report.events,
      cpuUsPerEvent: (cpu * 1_000) / published.count,
      serverBusy: cpu / Math.max(ms, tookMs) / this.#servers.length,
      othersBusy: Math.max(0, others) / Math.max(ms, tookMs) / availableParallelism(),
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

  #cpuMs(): number {
    return this.#servers.reduce((sum, { pid = 0 }) => sum + cpuMs(pid), 0);
  }
}
