import type { Row } from './perform.ts';

/** The row of a scenario with a peer, which is this hub where none is named. */
export type Find = (scenario: string, peer?: string) => Row | undefined;

/** One goal: a figure and its bound, which is the greatest that is allowed, or the least. */
export interface Line {
  readonly line: string;
  readonly unit: ' x' | '/s' | ' µs' | ' ms' | ' KiB';
  readonly bound: number;
  readonly least?: true;
  /** The result is `undefined` or NaN where the run did not measure it. */
  readonly figureOf: (find: Find) => number | undefined;
}

type Figure = (row: Row) => number | undefined;

const FAN_OUT = 'fan-out 1k 128B';
const TOPICS = '1k topics x 10';
const OWN = '10k own patterns';
const STORM = 'connect storm 5k';
const HTTP = 'publish by HTTP 150B';
const FCALL = 'publish by FCALL 256B';
const SHARDS = 'FCALL 256B to 12 shards';
const FCALL_1K = 'publish by FCALL 1KiB';
const INGRESS = 'publish by ingress 150B';
const FAILOVER = 'failover 10k';
const IDLE = 'idle 15k, own patterns';
const KIB = 1_024;

const most: Figure = (row) => row.most?.deliveriesPerS;
const p50: Figure = (row) => row.fixed?.p50;
const p99: Figure = (row) => row.fixed?.p99;
const ofDelivery: Figure = (row) => row.fixed?.cpuUsPerDelivery;
const ofEvent: Figure = (row) => row.fixed?.cpuUsPerEvent;
const ofMaster: Figure = (row) => row.entry?.masterUsPerEvent;
const connects: Figure = (row) => row.connectsPerS;
const bytes: Figure = (row) => row.bytesPerConnection;
const published: Figure = (row) => row.entry?.eventsPerS;
const ofRedis: Figure = (row) => row.entry?.redisUsPerEvent;
const ofNode: Figure = (row) => row.entry?.serverUsPerEvent;
/** Clients that did not hear all that they missed are not back. */
const back: Figure = ({ failover }) =>
  failover === undefined || failover.heard === failover.wanted ? failover?.backMs : Number.POSITIVE_INFINITY;

const figure = (figureOf: Figure, scenario: string) => (find: Find) => {
  const row = find(scenario);
  return row && figureOf(row);
};

/** The figure of this hub as a multiple of that of a peer. */
const ratio = (figureOf: Figure, scenario: string, peer: string) => (find: Find) =>
  divided(find(scenario), find(scenario, peer), figureOf);

/** The figure of this hub in one scenario as a multiple of that in another one. */
const against = (figureOf: Figure, scenario: string, other: string) => (find: Find) =>
  divided(find(scenario), find(other), figureOf);

function divided(row: Row | undefined, by: Row | undefined, figureOf: Figure): number | undefined {
  if (row === undefined || by === undefined) return undefined;
  const [own, other] = [figureOf(row), figureOf(by)];
  return own === undefined || other === undefined ? undefined : own / other;
}

function ofBestPeer(figureOf: Figure, scenario: string, find: Find): number | undefined {
  const ratios = ['bun', 'nats', 'centrifugo', 'socket.io', 'ws'].map((peer) =>
    ratio(figureOf, scenario, peer)(find),
  );
  const known = ratios.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

const X = ' x';

type Bound = Pick<Line, 'unit' | 'bound' | 'least'>;

function goal(line: string, bound: Bound, figureOf: Line['figureOf']): Line {
  return { line, ...bound, figureOf };
}

function atLeast(bound: number, unit: Line['unit']): Bound {
  return { unit, bound, least: true };
}

function atMost(bound: number, unit: Line['unit']): Bound {
  return { unit, bound };
}

/** The goals, in the order of the way of an event: who comes, who publishes, who hears, and what it takes. */
export const LINES: readonly Line[] = [
  goal(
    'connections a second, 5,000 with a token and a pattern each: at least 0.75 of the plain ws loop',
    atLeast(0.75, X),
    ratio(connects, STORM, 'ws'),
  ),
  goal(
    'the same: at least those of Centrifugo with token and presence',
    atLeast(1, X),
    ratio(connects, STORM, 'centrifugo'),
  ),
  goal(
    'HTTP publishes of one event, 32 connections: at least 0.8 of Centrifugo with history',
    atLeast(0.8, X),
    ratio(published, HTTP, 'centrifugo'),
  ),
  goal('FCALL of 256 B: at most 12 µs of Redis CPU an event', atMost(12, ' µs'), figure(ofRedis, FCALL)),
  goal('FCALL of 1 KiB: at most 25 µs of Redis CPU an event', atMost(25, ' µs'), figure(ofRedis, FCALL_1K)),
  goal(
    'FCALL of 256 B by one pipelining client: at least 60,000 events/s',
    atLeast(60_000, '/s'),
    figure(published, FCALL),
  ),
  goal('ingress on one node: at least 40,000 events/s', atLeast(40_000, '/s'), figure(published, INGRESS)),
  goal(
    '10,000 clients with a topic each: at least as many events/s as Bun, p99 under 60 ms',
    atLeast(1, X),
    ratio(most, OWN, 'bun'),
  ),
  goal('the same: at least as many as nats-server', atLeast(1, X), ratio(most, OWN, 'nats')),
  goal(
    'the same at 2,000 events/s: CPU an event at most 1.1 of the plain ws loop',
    atMost(1.1, X),
    ratio(ofEvent, OWN, 'ws'),
  ),
  goal(
    '1,000 topics of 10 clients: at least 1.2 x the deliveries/s of the best peer',
    atLeast(1.2, X),
    (find) => ofBestPeer(most, TOPICS, find),
  ),
  goal(
    '1,000 clients of one topic, 128 B, at 100,000 deliveries/s: p50 at most 1.3 of Bun',
    atMost(1.3, X),
    ratio(p50, FAN_OUT, 'bun'),
  ),
  goal('the same: p99 at most 1.3 of Bun', atMost(1.3, X), ratio(p99, FAN_OUT, 'bun')),
  goal('the same: CPU a delivery at most 0.85 of Bun', atMost(0.85, X), ratio(ofDelivery, FAN_OUT, 'bun')),
  goal(
    'the same, durable: at least 2,500,000 deliveries/s with p99 under 60 ms',
    atLeast(2_500_000, '/s'),
    figure(most, FAN_OUT),
  ),
  goal('the same: at least as many as Bun', atLeast(1, X), ratio(most, FAN_OUT, 'bun')),
  goal(
    'the same: at least 20 x Socket.IO with its Redis adapter',
    atLeast(20, X),
    ratio(most, FAN_OUT, 'socket.io'),
  ),
  goal('the same: at least 18 x the plain ws loop', atLeast(18, X), ratio(most, FAN_OUT, 'ws')),
  goal(
    'a node on which nobody wants what is published at 8,000/s: at most 5 µs of CPU an event',
    atMost(5, ' µs'),
    figure(ofNode, 'firehose'),
  ),
  goal('the same: at most 1/5 of the hub in BENCH_BASE', atMost(0.2, X), ratio(ofNode, 'firehose', 'base')),
  goal(
    'one event to one idle client: p50 at most 1.1 of the plain ws loop',
    atMost(1.1, X),
    ratio(p50, 'one idle client', 'ws'),
  ),
  goal(
    'idle connection, 15,000 patterns: memory at most 1.15 of the plain ws loop',
    atMost(1.15, X),
    ratio(bytes, IDLE, 'ws'),
  ),
  goal(
    'idle connection, 15,000 of one pattern: at most 10 KiB',
    atMost(10, ' KiB'),
    figure(({ bytesPerConnection = Number.NaN }) => bytesPerConnection / KIB, 'idle 15k, one pattern'),
  ),
  goal(
    '10,000 clients of a killed node: back and resumed within 1.5 of the time in which the ws loop accepts them',
    atMost(1.5, X),
    ratio(back, FAILOVER, 'ws'),
  ),
  goal(
    'TLS to 1,000 at 128 B: CPU a delivery at most 1.5 of plain',
    atMost(1.5, X),
    against(ofDelivery, 'TLS 1k 128B', 'no TLS 1k 128B'),
  ),
  goal(
    'CPU an event of 1 among 10,000 topics at most 1.2 of that among 10',
    atMost(1.2, X),
    against(ofEvent, '1 among 10k topics', '1 among 10 topics'),
  ),
  goal(
    'deflate to 1,000: CPU an event at most 1.3 of plain',
    atMost(1.3, X),
    against(ofEvent, 'deflate 1.2KB', 'plain 1.2KB'),
  ),
  ...['two nodes', 'two workers'].map((two) =>
    goal(`${two} at least 1.8 x one, by the CPU of each for a delivery`, atLeast(1.8, X), (find) => {
      const ofTwo = against(ofDelivery, 'one node', two)(find);
      return ofTwo && 2 * ofTwo;
    }),
  ),
  goal(
    '12 shards on three masters: Redis CPU an event and master at most 0.4 of that of one shard on one master',
    atMost(0.4, X),
    against(ofMaster, SHARDS, FCALL),
  ),
  goal(
    'a node that wants one of 12 shards: CPU an event at most 0.15 of that of one that wants all',
    atMost(0.15, X),
    against(ofNode, `${SHARDS}, one wanted`, SHARDS),
  ),
];
