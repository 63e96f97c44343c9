import type { Subscriber } from './peers/peer.ts';

/** Subscribers that are alike. */
export interface Group {
  readonly count: number;
  /** How many topics they are spread over. */
  readonly topics: number;
  readonly firstTopic?: number;
  readonly dialect?: NonNullable<Subscriber['dialect']>;
  /** Each wants one of so many values of `object.n`. */
  readonly filters?: number;
  readonly deflate?: boolean;
  /** They read nothing once they stand. */
  readonly stalls?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly groups: readonly Group[];
  /** All when absent. */
  readonly peers?: readonly string[];
  /** Also part of `--quick`. */
  readonly quick?: boolean;
  /** Type and action of the events. */
  readonly word?: string;
  /** Bytes of an event's JSON as it is published. */
  readonly size?: number;
  /** Topics that events are published to in turn; 1 when absent. */
  readonly topics?: number;
  /** Connections that hear each event, on average. Nothing is published where this is 0. */
  readonly perEvent: number;
  /** Through the log, where the peer has one; live only when false. */
  readonly durable?: boolean;
  /** Events a second at which CPU and latency are read. */
  readonly rate?: number;
  /** Deliveries a second at which the search for the most begins; no search when absent. */
  readonly searchFrom?: number;
  /** A step counts as sustained with its p99 under this. */
  readonly p99MaxMs?: number;
  /** Events a second before anything is read: a server that was used before is as fast as it will be. */
  readonly warmUpRate?: number;
  readonly nodes?: number;
  /** Connections and server rest so long before anything is read. */
  readonly restMs?: number;
}

const HUB = ['belfry'];
/** At this many deliveries a second, CPU and latency of all are compared. */
const FIXED = 100_000;
const ONE_TOPIC = { topics: 1 };

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

/** So slow that each event is a write of its own, on two nodes as on one, and that one core carries both. */
function onNodes(nodes: number): Omit<Scenario, 'name'> {
  const count = nodes * 500;
  return { groups: [{ count, ...ONE_TOPIC }], perEvent: count, rate: 60, peers: HUB, nodes };
}

/** What is measured, in the order in which it is. */
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
    searchFrom: 10_000,
    durable: false,
  },
  {
    name: '10k own patterns',
    groups: [{ count: 10_000, topics: 10_000 }],
    topics: 10_000,
    perEvent: 1,
    rate: 2_000,
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
  { name: 'connect storm 5k', groups: [{ count: 5_000, ...ONE_TOPIC }], perEvent: 0 },
  { name: 'idle 15k, one pattern', ...idle(1) },
  { name: 'idle 15k, own patterns', ...idle(15_000) },
  { name: '1 among 10 topics', ...among(10) },
  { name: '1 among 10k topics', ...among(10_000) },
  {
    name: 'one idle client',
    groups: [{ count: 1, ...ONE_TOPIC }],
    perEvent: 1,
    rate: 20,
    warmUpRate: 2_000,
    restMs: 3_000,
    durable: false,
    quick: true,
  },
  { name: 'one node', ...onNodes(1) },
  { name: 'two nodes', ...onNodes(2) },
];
