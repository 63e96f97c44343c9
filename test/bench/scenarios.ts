import type { EntryName } from './entries.ts';
import type { Subscriber } from './peers/peer.ts';
import { shardTopics } from './shards.ts';

/** A group of subscribers of the same kind. */
export interface Group {
  readonly count: number;
  /** The number of topics over which the subscribers are spread. */
  readonly topics: number;
  readonly firstTopic?: number;
  readonly dialect?: NonNullable<Subscriber['dialect']>;
  /** Each subscriber filters for one of this many values of `object.n`. */
  readonly filters?: number;
  readonly deflate?: boolean;
  /** Which topics they are where they do not follow each other. There are as many as `topics` says. */
  readonly among?: readonly number[];
  /** Whether the subscribers stop reading once they are subscribed. */
  readonly stalls?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly groups: readonly Group[];
  /** The names of the peers to measure. When absent, all peers are measured. */
  readonly peers?: readonly string[];
  /** Whether the scenario is part of `--quick` too. */
  readonly quick?: boolean;
  /** The type and action of the events. */
  readonly word?: string;
  /** The size of the published JSON of an event, in bytes. */
  readonly size?: number;
  /** The number of topics to which events are published in turn, 1 when absent. */
  readonly topics?: number;
  /** How many connections hear each event, on average. With 0, nothing is published. */
  readonly perEvent: number;
  /** Whether events go through the log, if the peer has one. When this is false, they are live only. */
  readonly durable?: boolean;
  /** The rate in events a second at which CPU and latency are measured. */
  readonly rate?: number;
  /** The rate in deliveries a second at which the search for the maximum begins. When absent, there is no search. */
  readonly searchFrom?: number;
  /** A step counts as sustained when its p99 is below this. */
  readonly p99MaxMs?: number;
  /**
   * The rate in events a second before the measurement, which gives the server time to reach its full speed; `rate` when
   * absent. A compiler of JavaScript needs some 20,000 events for that.
   */
  readonly warmUpRate?: number;
  readonly nodes?: number;
  /** How many workers each node has; one without a supervisor when absent. */
  readonly workers?: number;
  /** Over how many shards the hub spreads the topics, 1 when absent. */
  readonly shards?: number;
  /** How many masters of a Redis Cluster have the shards, as many of them each; a Redis that is no Cluster when absent. */
  readonly masters?: number;
  /** Whether the clients use TLS. With `false` they do not, and are the same clients otherwise. */
  readonly tls?: boolean;
  /** Whether the first of two nodes is killed, and its clients come back on the other one. */
  readonly fails?: boolean;
  /**
   * With a value, events are published by this entry point as fast as it takes them, or at `rate`, and nobody hears them.
   */
  readonly by?: EntryName;
  /** How long connections and server rest before memory is read, or before events are published. */
  readonly restMs?: number;
  /** All connections are open after this time, or the measurement fails. */
  readonly openWithinMs?: number;
}

const HUB = ['belfry', 'base'];
/** The rate in deliveries a second at which CPU and latency of all peers are compared. */
const FIXED = 100_000;
const ONE_TOPIC = { topics: 1 };
/** The rate at which a server is warmed up which is measured at a few events a second. */
const WARM_UP = 10_000;

function fanOut(count: number, size: number): Omit<Scenario, 'name'> {
  const p99MaxMs = count > 1_000 ? 500 : 60;
  const groups = [{ count, ...ONE_TOPIC }];
  return { groups, size, perEvent: count, rate: FIXED / count, searchFrom: 50_000, p99MaxMs };
}

function among(others: number): Omit<Scenario, 'name'> {
  const groups = [
    { count: 1, ...ONE_TOPIC },
    { count: others, topics: others, firstTopic: 1 },
  ];
  return { groups, perEvent: 1, rate: 2_000, peers: HUB };
}

function idle(topics: number): Omit<Scenario, 'name'> {
  return { groups: [{ count: 15_000, topics }], perEvent: 0, restMs: 8_000 };
}

function inProvisioning(deflate: boolean): Omit<Scenario, 'name'> {
  const groups = [{ count: 1_000, ...ONE_TOPIC, dialect: 'provisioning' as const, deflate }];
  return { groups, word: 'custom.Bench', size: 1_200, perEvent: 1_000, rate: 100, peers: HUB };
}

/** The rate is low, so that each event is a write of its own on one node and on two, and one core can serve both nodes. */
function onNodes(nodes: number): Omit<Scenario, 'name'> {
  const count = nodes * 500;
  return { groups: [{ count, ...ONE_TOPIC }], perEvent: count, rate: 60, peers: HUB, nodes };
}

/** As many clients as on so many nodes, at one address. The time of the supervisor counts too. */
function onWorkers(workers: number): Omit<Scenario, 'name'> {
  return { ...onNodes(workers), nodes: 1, workers, peers: ['belfry'] };
}

/** The rate is what the load client in Node, which alone knows TLS, keeps up with. */
function over(tls: boolean): Omit<Scenario, 'name'> {
  return { groups: [{ count: 1_000, ...ONE_TOPIC }], perEvent: 1_000, rate: 20, peers: HUB, tls };
}

/** Somebody waits only for the topic of the last event. */
function publishBy(by: EntryName, size: number, rate?: number): Omit<Scenario, 'name'> {
  const groups = [{ count: 1, topics: 1, firstTopic: 1 }];
  return { groups, size, by, perEvent: 0, ...(rate !== undefined && { rate }) };
}

interface Latency {
  readonly clients: number;
  /** Events a second, each of which every client hears. */
  readonly rate: number;
  readonly nodes?: number;
  readonly dialect?: 'event stream';
}

/** How long an event takes from the publisher to the socket of a client, after a warm-up that makes a server compile its code. */
function latency({ clients, rate, nodes = 1, dialect }: Latency): Scenario {
  const about = `${clients} at ${rate}/s${nodes > 1 ? `, ${nodes} nodes` : ''}`;
  return {
    name: `latency of ${about}${dialect === undefined ? '' : `, ${dialect}`}`,
    groups: [{ count: clients, ...ONE_TOPIC, ...(dialect !== undefined && { dialect }) }],
    perEvent: clients,
    rate,
    warmUpRate: Math.max(rate, Math.min(WARM_UP, FIXED / clients)),
    peers: HUB,
    nodes,
  };
}

/** As {@link publishBy}, to all shards of a hub on a Cluster of three masters. The clients want all shards, or one of them. */
function publishToShards(shards: number, wanted: 'all' | 'one'): Omit<Scenario, 'name'> {
  const all = shardTopics(shards).map((topic) => topic.wanted);
  const topics = wanted === 'all' ? all : all.slice(0, 1);
  const groups = [{ count: topics.length, topics: topics.length, among: topics }];
  return { ...publishBy('fcall', 256), groups, shards, masters: 3, peers: ['belfry'] };
}

/** All scenarios, in the order in which they are measured. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'fan-out 1k 128B', ...fanOut(1_000, 128), quick: true },
  { name: 'fan-out 1k 1KiB', ...fanOut(1_000, 1_024) },
  { name: 'fan-out 10k 128B', ...fanOut(10_000, 128) },
  { name: 'fan-out 10k 1KiB', ...fanOut(10_000, 1_024) },
  { name: 'live only 1k 128B', ...fanOut(1_000, 128), durable: false, peers: HUB },
  {
    name: '1k topics x 10',
    groups: [{ count: 10_000, topics: 1_000 }],
    topics: 1_000,
    perEvent: 10,
    rate: 2_000,
    warmUpRate: WARM_UP,
    searchFrom: 10_000,
    durable: false,
  },
  {
    name: '10k own patterns',
    groups: [{ count: 10_000, topics: 10_000 }],
    topics: 10_000,
    perEvent: 1,
    rate: 2_000,
    warmUpRate: WARM_UP,
    searchFrom: 4_000,
    durable: false,
  },
  {
    name: 'mixed dialects',
    groups: (['native', 'drp', 'norn'] as const).map((dialect) => ({ count: 333, ...ONE_TOPIC, dialect })),
    word: 'deploy.step',
    perEvent: 999,
    rate: 100,
    searchFrom: 50_000,
    peers: HUB,
  },
  {
    name: 'filters, 1 of 10',
    groups: [{ count: 1_000, ...ONE_TOPIC, filters: 10 }],
    perEvent: 100,
    rate: 1_000,
    searchFrom: 20_000,
    peers: HUB,
  },
  { name: 'plain 1.2KB', ...inProvisioning(false) },
  { name: 'deflate 1.2KB', ...inProvisioning(true) },
  {
    name: '10 hang of 1,000',
    groups: [
      { count: 990, ...ONE_TOPIC },
      { count: 10, ...ONE_TOPIC, stalls: true },
    ],
    size: 8_192,
    perEvent: 990,
    rate: 250,
    peers: HUB,
  },
  { name: 'connect storm 5k', groups: [{ count: 5_000, topics: 5_000 }], perEvent: 0 },
  { name: 'idle 15k, one pattern', ...idle(1) },
  { name: 'idle 15k, own patterns', ...idle(15_000) },
  { name: '1 among 10 topics', ...among(10) },
  { name: '1 among 10k topics', ...among(10_000) },
  {
    name: 'one idle client',
    groups: [{ count: 1, ...ONE_TOPIC }],
    perEvent: 1,
    rate: 20,
    warmUpRate: WARM_UP,
    restMs: 3_000,
    durable: false,
    quick: true,
  },
  { name: 'one node', ...onNodes(1) },
  { name: 'two nodes', ...onNodes(2) },
  { name: 'two workers', ...onWorkers(2) },
  latency({ clients: 1, rate: 100 }),
  latency({ clients: 100, rate: 100 }),
  ...[10, 100, 300, 1_000].map((rate) => latency({ clients: 1_000, rate })),
  ...[10, 100, 300].map((rate) => latency({ clients: 1_000, rate, nodes: 2 })),
  ...[10, 100, 300].map((rate) => latency({ clients: 1_000, rate, dialect: 'event stream' })),
  latency({ clients: 10_000, rate: 10 }),
  { name: 'TLS 1k 128B', ...over(true) },
  { name: 'no TLS 1k 128B', ...over(false) },
  {
    name: 'failover 10k',
    groups: [{ count: 10_000, topics: 10_000 }],
    perEvent: 1,
    nodes: 2,
    fails: true,
    peers: [...HUB, 'ws'],
  },
  { name: 'publish by FCALL 256B', ...publishBy('fcall', 256) },
  { name: 'FCALL 256B to 12 shards', ...publishToShards(12, 'all') },
  { name: 'FCALL 256B to 12 shards, one wanted', ...publishToShards(12, 'one') },
  { name: 'publish by FCALL 1KiB', ...publishBy('fcall', 1_024) },
  { name: 'publish by HTTP 150B', ...publishBy('http', 150) },
  { name: 'publish by HTTP list of 100', ...publishBy('http list', 150) },
  { name: 'publish by ingress 150B', ...publishBy('ingress', 150) },
  { name: 'publish by socket 150B', ...publishBy('socket', 150) },
  { name: 'publish live 150B', ...publishBy('live', 150, 10_000) },
  {
    name: 'firehose',
    ...publishBy('fcall', 128, 8_000),
    groups: [{ count: 1_000, topics: 1_000, firstTopic: 1 }],
    restMs: 6_000,
  },
];
