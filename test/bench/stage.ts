import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineCpuMs } from '../support/machine.ts';
import { TO_REDIS } from './entries.ts';
import type { Connected, LoadClient } from './load.ts';
import type { Peer, Setup } from './peers/peer.ts';
import { answers, cpuMs, end, freePorts, LOAD_CORE, residentBytes, SERVER_CORE, start } from './processes.ts';
import type { PublisherHandlers } from './publisher-process.ts';
import { startCluster, startRedis } from './redis-servers.ts';
import { startReplayer, type Replayer } from './replayer.ts';
import { Remote } from './rpc.ts';
import type { Scenario } from './scenarios.ts';
import { startLoad } from './start-load.ts';

const PUBLISHER = fileURLToPath(new URL('publisher-process.ts', import.meta.url));
const RESTS_MS = 500;

const DEFAULTS = {
  word: 'bench.tick',
  size: 128,
  topics: 1,
  durable: true,
  p99MaxMs: 60,
  nodes: 1,
  workers: 1,
  shards: 1,
  openWithinMs: 60_000,
};

/** CPU times in milliseconds. */
type Usage = Readonly<Record<'server' | 'redis' | 'publisher' | 'others', number>>;

/** A server with its Redis, its subscribers and its publisher, for one scenario. */
export class Stage {
  readonly peer: Peer;
  readonly scenario: Scenario & typeof DEFAULTS;
  readonly setups: readonly Setup[];
  readonly load: LoadClient;
  readonly publisher: Remote<PublisherHandlers>;
  /** What publishes by an entry point, if the scenario names one. */
  readonly replayer: Replayer | undefined;
  readonly #servers: ChildProcess[];
  readonly #redis: readonly ChildProcess[];

  private constructor(
    peer: Peer,
    scenario: Scenario & typeof DEFAULTS,
    redis: readonly ChildProcess[],
    servers: ChildProcess[],
    setups: readonly Setup[],
  ) {
    this.peer = peer;
    this.scenario = scenario;
    this.#redis = redis;
    this.#servers = servers;
    this.setups = setups;
    this.load = startLoad(scenario);
    const core = publisherCore(scenario);
    this.publisher = new Remote(start(core, [process.execPath, PUBLISHER], { speaks: 'ipc' }));
    this.replayer = scenario.by === undefined ? undefined : startReplayer(core, this.publisher);
  }

  /** Starts everything for a scenario. The result is `undefined` where the peer is not installed. */
  static async set(peer: Peer, given: Scenario): Promise<Stage | undefined> {
    const scenario = { ...DEFAULTS, ...given };
    if (!isAble(peer, scenario)) return undefined;
    const { shards, workers } = scenario;
    const redis = await (scenario.masters === undefined
      ? startRedis()
      : startCluster(scenario.masters, shards));
    const { redisPort, shardPorts } = redis;
    const servers: ChildProcess[] = [];
    const setups: Setup[] = [];
    for (let node = 0; node < scenario.nodes; node++) {
      const [port = 0, entryPort = 0, healthPort = 0] = await freePorts(3);
      const setup = {
        port,
        entryPort,
        healthPort,
        node,
        workers,
        shards,
        redisPort,
        ...(shardPorts && { shardPorts }),
      };
      const { command, env = {}, health, isReady } = peer.launch(setup);
      const server = start(SERVER_CORE, command, { env });
      await answers(peer.name, server, new URL(health, `http://127.0.0.1:${port}`).href, isReady);
      servers.push(server);
      setups.push(setup);
    }
    const stage = new Stage(peer, scenario, redis.children, servers, setups);
    if (scenario.by === undefined) {
      const { durable } = scenario;
      await stage.publisher.ask('open', { peer: peer.name, setup: stage.first, durable });
    }
    return stage;
  }

  get connections(): number {
    return this.scenario.groups.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many nodes still run. Each worker is one. */
  get nodes(): number {
    return this.#alive(this.#servers).length * this.scenario.workers;
  }

  /** How many Redis servers share the events. */
  get masters(): number {
    return this.#redis.length;
  }

  /** The first node. */
  get first(): Setup {
    const [setup] = this.setups;
    if (setup === undefined) throw new Error('A stage has at least one node.');
    return setup;
  }

  /**
   * Opens those of the first connections that are not open yet, on all nodes in turn. It returns the time that this took
   * in milliseconds.
   */
  async fill(first = this.connections): Promise<number> {
    const { opened, ms } = await this.connect({ first });
    if (opened > 0) await sleep(RESTS_MS);
    return ms;
  }

  /** A server that leaves a client without its answer fails the measurement, and does not stop the benchmark. */
  async connect({
    first = this.connections,
    to = this.setups,
    since,
  }: {
    first?: number;
    to?: readonly Setup[];
    since?: string;
  }): Promise<Connected> {
    const { word, groups, tls = false, openWithinMs } = this.scenario;
    const opened = this.load.connect({
      peer: this.peer.name,
      ports: to.map(({ port, entryPort }) => (tls ? entryPort : port)),
      tls,
      word,
      groups,
      first,
      ...(since !== undefined && { since }),
    });
    const inTime = new AbortController();
    const isLate = sleep(openWithinMs, true, inTime).catch(() => false);
    const connected = await Promise.race([opened, isLate]).finally(() => inTime.abort());
    if (typeof connected === 'object') return connected;
    throw new Error(`some clients wait for an answer of the server for more than ${openWithinMs / 1_000} s.`);
  }

  /** Ends a node at once, as a crash does. */
  async kill(node: number): Promise<void> {
    const server = this.#servers[node];
    if (server === undefined) throw new Error(`There is no node ${node}.`);
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }

  /** The resident memory of all nodes together, in bytes. */
  residentBytes(): number {
    return this.#servers.reduce((sum, { pid = 0 }) => sum + residentBytes(pid), 0);
  }

  /** Ends all processes, and returns the CPU time that they took. */
  async strike(): Promise<number> {
    const used = this.#usedMs();
    for (const child of this.#children()) await end(child);
    return used;
  }

  /** From now on the CPU time of each part is counted, in milliseconds. */
  usage(): () => Usage {
    const now = (): Usage => ({
      server: sumOfCpu(this.#alive(this.#servers)),
      redis: sumOfCpu(this.#redis),
      publisher: sumOfCpu([this.replayer?.child ?? this.publisher.child]),
      others: machineCpuMs() - this.#usedMs(),
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

  #usedMs(): number {
    return sumOfCpu(this.#alive(this.#children()));
  }

  #children(): ChildProcess[] {
    const replayer = this.replayer === undefined ? [] : [this.replayer.child];
    return [
      ...new Set([this.load.child, this.publisher.child, ...replayer, ...this.#servers, ...this.#redis]),
    ];
  }

  #alive(children: readonly ChildProcess[]): ChildProcess[] {
    return children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  }
}

function sumOfCpu(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid = 0 }) => sum + cpuMs(pid), 0);
}

/** Redis is measured alone on its core, so what sends to it runs beside the node. */
function publisherCore({ by }: Scenario): number {
  return by !== undefined && TO_REDIS.has(by) ? SERVER_CORE : LOAD_CORE;
}

/** Whether the peer is installed and has the entry point of the scenario. */
function isAble(peer: Peer, { by }: Scenario): boolean {
  if (!peer.installed()) return false;
  const nowhere = { redisPort: 0, port: 0, entryPort: 0, healthPort: 0, node: 0, workers: 1, shards: 1 };
  return by === undefined || peer.entry?.(by, nowhere, []) !== undefined;
}
