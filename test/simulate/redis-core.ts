import type { Parts } from './parts.ts';
import type { Published } from './publishers.ts';
import { nodesOf, type Scenario } from './scenario.ts';

const MS = 1 / 1_000;
const BITS = 8;

/** A message that reaches a node. */
export interface Message extends Published {
  readonly reaches: number;
}

/** How a core served what came to it. */
export interface Served {
  /** The share of the time in which the core was busy. */
  readonly busy: number;
  /** CPU in µs. */
  readonly cpuUs: number;
  /** How far the core was behind when the last event had come, in milliseconds. */
  readonly behindMs: number;
}

/** The events of a list that is published by HTTP. */
export const LIST = 100;

/** The bytes of an event as Redis tells it a node. */
export function messageBytes({ size, by }: Scenario, parts: Parts): number {
  return size + (by === 'live' ? parts.liveMessageBytes : parts.messageBytes);
}

/** How many nodes hear an event of this shard. Where nodes want only some shards, the first one holds what all clients hear. */
export function hearingNodes(scenario: Scenario, shard: number): number {
  const { broadcasts, wanted, shards } = scenario;
  const isForAll = shard === 0 && broadcasts > 0;
  return nodesOf(scenario) * (isForAll ? 1 : wanted / shards);
}

/** What an event takes Redis, without the nodes that hear it, in µs. */
export function callUs({ by, size, shards }: Scenario, parts: Parts): number {
  if (by === 'live') return parts.redisLive;
  const ofShard = shards > 1 ? parts.redisShard : 0;
  if (by === 'http') return parts.redisRequest + parts.redisList + ofShard;
  if (by === 'http list') return parts.redisRequest / LIST + parts.redisList + ofShard;
  return parts.redisCall + size * parts.redisCallByte + ofShard;
}

/**
 * One master: it takes all commands that have come, runs them, and writes what they say to each node that hears it, in turns.
 * A node hears all shards of a master on one connection, so that a turn is one write to each node that hears any of its shards.
 * `background` is the share of the core that connections and leases take.
 */
export function serveByRedis(
  published: readonly Published[],
  scenario: Scenario,
  parts: Parts,
  background: number,
): { messages: Message[]; served: Served } {
  const bytes = messageBytes(scenario, parts);
  const ofEvent = callUs(scenario, parts);
  const ofMessage = parts.redisMessage + bytes * parts.redisMessageByte;
  const wireMs = (bytes * BITS * 1_000) / scenario.link;
  const messages: Message[] = [];
  let now = 0;
  let wireFree = 0;
  let cpuUs = 0;
  for (let next = 0; next < published.length;) {
    now = Math.max(now, published[next]?.at ?? 0);
    const first = next;
    while (next < published.length && (published[next]?.at ?? Infinity) <= now) next++;
    const taken = published.slice(first, next);
    const told = taken.reduce((sum, { shard }) => sum + hearingNodes(scenario, shard), 0);
    const shards = new Set(taken.map(({ shard }) => shard));
    const nodes = nodesOf(scenario);
    const deaf = [...shards].reduce((share, shard) => share * (1 - hearingNodes(scenario, shard) / nodes), 1);
    const writes = nodes * (1 - deaf);
    const us = parts.redisTurn + writes * parts.redisWrite + taken.length * ofEvent + told * ofMessage;
    cpuUs += us;
    now += (us * MS) / (1 - background);
    wireFree = Math.max(wireFree, now) + told * wireMs;
    for (const event of taken) messages.push({ ...event, reaches: wireFree });
  }
  const last = published.at(-1)?.at ?? 0;
  const behindMs = Math.max(0, Math.max(now, wireFree) - last);
  const busy = (cpuUs * MS) / Math.max(last, now) + background;
  return { messages, served: { busy, cpuUs, behindMs } };
}
