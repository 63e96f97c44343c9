import type { EntryName } from '../bench/entries.ts';
import type { Scenario as BenchScenario } from '../bench/scenarios.ts';
import { shardTopics } from '../bench/shards.ts';

/** What is measured at a point, and what the simulation gives for it. CPU is in µs, times are in ms. */
export const FIGURES = {
  nodeUsPerEvent: 'CPU of all nodes an event, µs',
  nodeUsPerDelivery: 'CPU of all nodes a delivery, µs',
  redisUsPerEvent: 'CPU of Redis an event, µs',
  redisBytesPerEvent: 'bytes of the log in Redis an event',
  redisSentPerEvent: 'bytes that Redis sends an event',
  sentPerDelivery: 'bytes that a node sends a delivery',
  eventsPerS: 'events a second, as fast as they are taken',
  loadBusy: 'share of its core that the load client of the bench used',
  p50: 'p50 from publish to client, ms',
  p99: 'p99 from publish to client, ms',
  nodeUsPerConnect: 'CPU of the node a new connection, µs',
  redisUsPerConnect: 'CPU of Redis a new connection, µs',
  nodeBytes: 'memory of a node with all connections, bytes',
  nodeBytesPerConnection: 'memory of the node a connection, bytes',
  redisBytesPerConnection: 'memory of Redis a connection, bytes',
  nodeUsPerIdleSecond: 'CPU of the node a second without events, µs',
  redisUsPerIdleSecond: 'CPU of Redis a second without events, µs',
  nodeUsPerReturn: 'CPU of the node a connection that comes back, µs',
} as const;

export type Figure = keyof typeof FIGURES;

/** What the bench does at a point. */
export type Way = 'deliver' | 'publish' | 'connect' | 'come back';

/**
 * A point that the bench can measure. The parts of the cost are fitted to the points that `fit`; the others `check` the
 * simulation and are never fitted to.
 */
export interface Point {
  readonly name: string;
  readonly use: 'fit' | 'check';
  readonly way: Way;
  readonly scenario: Omit<BenchScenario, 'name'>;
  /** Before it is measured, events are published at this rate, until Node has compiled what they run through. */
  readonly warmUpRate?: number;
  /**
   * Another point, which is measured in the same minutes. What is compared is each figure as a share of the same one of
   * that point, so that the speed of the machine does not count.
   */
  readonly beside?: string;
  /** Of the figures that were measured, those that the simulation does not claim, each with the reason. */
  readonly leftOut?: Readonly<Partial<Record<Figure, string>>>;
}

export type Figures = Readonly<Partial<Record<Figure, number>>>;

const ONE_TOPIC = { topics: 1 };
const FULL_SPEED =
  'how the node reads at full speed depends on how Redis and the publisher share the machine';
const MASTERS = 3;

/** Redis rests between events at these rates, on a core that it shares with the load client of the bench. */
const SHARED = { redisUsPerEvent: 'Redis shares its core with the load client of the bench' };

/** Each event goes to all clients. */
function broadcast(
  clients: number,
  rate: number,
  { size = 128, nodes = 1, workers = 1 } = {},
): Pick<Point, 'way' | 'scenario' | 'warmUpRate' | 'leftOut'> {
  return {
    way: 'deliver',
    scenario: { groups: [{ count: clients, ...ONE_TOPIC }], perEvent: clients, rate, size, nodes, workers },
    warmUpRate: Math.max(rate, 300_000 / clients),
    leftOut: SHARED,
  };
}

/** Each event goes to the clients of one topic. */
function toTopics(
  topics: number,
  rate: number,
  { each = 1, size = 128 } = {},
): Pick<Point, 'way' | 'scenario' | 'warmUpRate' | 'leftOut'> {
  const groups = [{ count: topics * each, topics }];
  return {
    way: 'deliver',
    scenario: { groups, topics, perEvent: each, rate, size, durable: false },
    warmUpRate: 8_000,
    leftOut: SHARED,
  };
}

/** Events that nobody wants are published by an entry point, at a rate or as fast as it takes them. */
function publish(
  by: EntryName,
  size: number,
  { rate, nodes = 1, clients = 1 }: { rate?: number; nodes?: number; clients?: number } = {},
): Pick<Point, 'way' | 'scenario' | 'leftOut'> {
  const groups = [{ count: clients, topics: clients, firstTopic: 1 }];
  const paced = rate === undefined ? {} : { rate, restMs: 5_500 };
  const leftOut = {
    ...(by === 'fcall' && rate === undefined && { nodeUsPerEvent: FULL_SPEED }),
    ...(by.startsWith('http') && { redisBytesPerEvent: 'an event by HTTP tells who published it as well' }),
  };
  return { way: 'publish', scenario: { groups, by, size, perEvent: 0, nodes, ...paced }, leftOut };
}

/** Events of 256 B are published by FCALL to all shards of a Cluster. The clients of the node want all shards, or one. */
function toShards(
  shards: number,
  wanted: 'all' | 'one',
  rate?: number,
): Pick<Point, 'way' | 'scenario' | 'leftOut'> {
  const all = shardTopics(shards).map((topic) => topic.wanted);
  const among = wanted === 'all' ? all : all.slice(0, 1);
  const { way, scenario } = publish('fcall', 256, rate === undefined ? {} : { rate });
  const groups = [{ count: among.length, topics: among.length, among }];
  const answers = { redisSentPerEvent: 'most of it is what Redis answers the publisher' };
  return {
    way,
    scenario: { ...scenario, groups, shards, masters: MASTERS },
    ...(wanted === 'one' && { leftOut: answers }),
  };
}

function connections(
  way: 'connect' | 'come back',
  count: number,
  topics = count,
): Pick<Point, 'way' | 'scenario'> {
  const fails = way === 'come back' ? { nodes: 2, fails: true, perEvent: 1 } : { perEvent: 0 };
  return { way, scenario: { groups: [{ count, topics }], ...fails } };
}

/** All points. */
export const POINTS: readonly Point[] = [
  { name: 'broadcast to 1,000 at 10/s', use: 'fit', ...broadcast(1_000, 10) },
  { name: 'broadcast to 1,000 at 30/s', use: 'check', ...broadcast(1_000, 30) },
  { name: 'broadcast to 1,000 at 100/s', use: 'check', ...broadcast(1_000, 100) },
  { name: 'broadcast to 1,000 at 500/s', use: 'check', ...broadcast(1_000, 500) },
  { name: 'broadcast to 1,000 at 2,000/s', use: 'fit', ...broadcast(1_000, 2_000) },
  { name: 'broadcast to 100 at 60/s', use: 'check', ...broadcast(100, 60) },
  { name: 'broadcast to 250 at 60/s', use: 'check', ...broadcast(250, 60) },
  { name: 'broadcast to 5,000 at 5/s', use: 'fit', ...broadcast(5_000, 5) },
  { name: 'broadcast to 10,000 at 10/s', use: 'check', ...broadcast(10_000, 10) },
  { name: 'broadcast of 1 KiB to 1,000 at 20/s', use: 'fit', ...broadcast(1_000, 20, { size: 1_024 }) },
  { name: 'broadcast of 1 KiB to 1,000 at 300/s', use: 'fit', ...broadcast(1_000, 300, { size: 1_024 }) },
  { name: 'broadcast to 500 on two nodes at 60/s', use: 'check', ...broadcast(500, 60, { nodes: 2 }) },
  { name: 'broadcast to 500 at 60/s', use: 'check', ...broadcast(500, 60) },
  {
    name: 'broadcast to 1,000 on two workers at 60/s',
    use: 'check',
    ...broadcast(1_000, 60, { workers: 2 }),
    beside: 'broadcast to 500 at 60/s',
  },
  { name: 'own topics of 1,000 at 2,000/s', use: 'check', ...toTopics(1_000, 2_000) },
  { name: 'own topics of 1,000 at 6,000/s', use: 'check', ...toTopics(1_000, 6_000) },
  { name: 'own topics of 10,000 at 500/s', use: 'check', ...toTopics(10_000, 500) },
  { name: 'own topics of 10,000 at 2,000/s', use: 'fit', ...toTopics(10_000, 2_000) },
  { name: 'own topics of 10,000 at 8,000/s', use: 'fit', ...toTopics(10_000, 8_000) },
  {
    name: '1,000 topics of 10 at 1,000/s',
    use: 'fit',
    ...toTopics(1_000, 1_000, { each: 10 }),
  },
  { name: '1,000 topics of 10 at 2,000/s', use: 'check', ...toTopics(1_000, 2_000, { each: 10 }) },
  { name: 'one client at 20/s', use: 'check', ...toTopics(1, 20) },
  { name: 'FCALL of 256 B', use: 'fit', ...publish('fcall', 256) },
  { name: 'FCALL of 1 KiB', use: 'fit', ...publish('fcall', 1_024) },
  { name: 'FCALL of 512 B', use: 'check', ...publish('fcall', 512) },
  {
    name: 'FCALL of 128 B at 8,000/s',
    use: 'fit',
    ...publish('fcall', 128, { rate: 8_000, clients: 1_000 }),
  },
  {
    name: 'FCALL of 128 B at 2,000/s',
    use: 'check',
    ...publish('fcall', 128, { rate: 2_000, clients: 1_000 }),
  },
  {
    name: 'FCALL of 128 B at 20,000/s',
    use: 'check',
    ...publish('fcall', 128, { rate: 20_000, clients: 1_000 }),
  },
  {
    name: 'FCALL of 1 KiB at 8,000/s',
    use: 'fit',
    ...publish('fcall', 1_024, { rate: 8_000, clients: 1_000 }),
  },
  {
    name: 'FCALL of 256 B at 4,000/s, four nodes',
    use: 'fit',
    ...publish('fcall', 256, { rate: 4_000, nodes: 4 }),
  },
  {
    name: 'FCALL of 256 B at 8,000/s, two nodes',
    use: 'check',
    ...publish('fcall', 256, { rate: 8_000, nodes: 2 }),
  },
  {
    name: 'FCALL of 256 B at 2,000/s, eight nodes',
    use: 'check',
    ...publish('fcall', 256, { rate: 2_000, nodes: 8 }),
  },
  {
    name: 'FCALL of 256 B to 12 shards',
    use: 'fit',
    ...toShards(12, 'all'),
    beside: 'FCALL of 256 B',
    leftOut: { nodeUsPerEvent: FULL_SPEED },
  },
  {
    name: 'FCALL of 256 B to 12 shards, one wanted',
    use: 'check',
    ...toShards(12, 'one'),
    beside: 'FCALL of 256 B to 12 shards',
  },
  { name: 'FCALL of 256 B at 8,000/s to 12 shards', use: 'check', ...toShards(12, 'all', 8_000) },
  { name: 'FCALL of 256 B at 8,000/s to 12 shards, one wanted', use: 'check', ...toShards(12, 'one', 8_000) },
  { name: 'HTTP of 150 B', use: 'fit', ...publish('http', 150) },
  { name: 'HTTP list of 100 of 150 B', use: 'fit', ...publish('http list', 150) },
  { name: 'live of 150 B at 10,000/s', use: 'fit', ...publish('live', 150, { rate: 10_000 }) },
  { name: 'live of 150 B at 4,000/s', use: 'check', ...publish('live', 150, { rate: 4_000 }) },
  {
    name: '5,000 connect',
    use: 'fit',
    ...connections('connect', 5_000),
    leftOut: {
      redisBytesPerConnection: 'tables of Redis grow by doubling, which so few connections pay for',
    },
  },
  { name: '15,000 connect', use: 'fit', ...connections('connect', 15_000) },
  {
    name: '10,000 connect to one topic',
    use: 'check',
    ...connections('connect', 10_000, 1),
    leftOut: {
      nodeUsPerConnect: 'clients of one topic share what each of the others needs for itself',
      redisUsPerConnect: 'clients of one topic share what each of the others needs for itself',
    },
  },
  { name: '10,000 come back', use: 'fit', ...connections('come back', 10_000) },
];

export function pointOf(name: string): Point {
  const point = POINTS.find((each) => each.name === name);
  if (point === undefined) throw new Error(`There is no point "${name}".`);
  return point;
}
