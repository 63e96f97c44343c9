import { Latencies } from './latencies.ts';
import { NodeCore } from './node-core.ts';
import type { Parts } from './parts.ts';
import { publishedIn } from './publishers.ts';
import { LIST, serveByRedis, type Message, type Served } from './redis-core.ts';
import { nodesOf, rateOf, type Scenario } from './scenario.ts';

const SECOND_US = 1e6;
/** The time that is simulated holds at most so many events, and at least so many milliseconds. */
const EVENTS_MAX = 60_000;
const LASTS_MS = { least: 300, most: 3_000 };
/** A connection that ends and comes anew is two events of the registry, which each node hears. */
const EVENTS_OF_A_CHANGE = 2;

/** What a simulation found. */
export interface Outcome {
  /** The node with most to do, and the master with most to do. */
  readonly node: Served;
  readonly master: Served;
  /** What every node together does in a second. */
  readonly deliveriesPerS: number;
  readonly nodeUsPerEvent: number;
  readonly nodeUsPerDelivery: number;
  readonly redisUsPerEvent: number;
  readonly p50: number;
  readonly p99: number;
  readonly simulatedMs: number;
}

/** Sends the events of a short time through masters and one node. All nodes are alike, and it says nothing of chance. */
export function simulate(scenario: Scenario, parts: Parts): Outcome {
  const rate = rateOf(scenario);
  const ms = Math.min(LASTS_MS.most, Math.max(LASTS_MS.least, (EVENTS_MAX / rate) * 1_000));
  const published = publishedIn(scenario, ms);
  const messages: Message[] = [];
  const masters: Served[] = [];
  for (let master = 0; master < scenario.masters; master++) {
    const own = published.filter(({ shard }) => shard % scenario.masters === master);
    const found = serveByRedis(own, scenario, parts, master === 0 ? redisBackground(scenario, parts) : 0);
    masters.push(found.served);
    for (const message of found.messages) if (message.shard < scenario.wanted) messages.push(message);
  }
  messages.sort((a, b) => a.reaches - b.reaches); // oxlint-disable-line no-array-sort -- it is new
  const latencies = new Latencies();
  const background = nodeBackground(scenario, parts);
  const core = new NodeCore(scenario, parts, background, latencies);
  const node = core.serve(messages, background);
  const nodes = nodesOf(scenario);
  const count = published.length;
  const idleUs = (background * SECOND_US) / rate;
  const nodeUsPerEvent = nodes * (node.cpuUs / count + idleUs);
  const seconds = (ms + node.behindMs) / 1_000;
  return {
    node,
    master: masters.reduce((a, b) => (b.busy > a.busy ? b : a)),
    deliveriesPerS: (nodes * core.deliveries) / seconds,
    nodeUsPerEvent,
    nodeUsPerDelivery: (nodeUsPerEvent * count) / (nodes * core.deliveries),
    redisUsPerEvent: masters.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / count,
    p50: latencies.percentile(0.5),
    p99: latencies.percentile(0.99),
    simulatedMs: ms,
  };
}

/** The share of the core of a node that is not for deliveries: timers, pings, connections, requests of publishers. */
export function nodeBackground(scenario: Scenario, parts: Parts): number {
  const nodes = nodesOf(scenario);
  const { connections, churn } = scenario;
  const changes = (churn / nodes) * parts.nodeConnect + churn * EVENTS_OF_A_CHANGE * parts.nodeHear;
  const idle = parts.nodeSecond + (connections / nodes) * parts.nodeSecondOfConnection;
  return Math.min(0.99, (idle + changes + requestsUs(scenario, parts) / nodes) / SECOND_US);
}

function requestsUs(scenario: Scenario, parts: Parts): number {
  const rate = rateOf(scenario);
  if (scenario.by === 'http') return rate * (parts.nodeRequest + parts.nodeRequestEvent);
  if (scenario.by === 'http list') return rate * (parts.nodeRequest / LIST + parts.nodeRequestEvent);
  return 0;
}

/** The share of the core of the master that holds the registry which connections and leases take. */
export function redisBackground(scenario: Scenario, parts: Parts): number {
  const nodes = nodesOf(scenario);
  const heard = EVENTS_OF_A_CHANGE * (nodes - 1) * parts.redisMessage;
  const us = nodes * parts.redisSecond + scenario.churn * (EVENTS_OF_A_CHANGE * parts.redisConnect + heard);
  return Math.min(0.99, us / SECOND_US);
}
