import { FlushPacer } from '../../src/hub/flush-pacer.ts';
import { ReadPacer } from '../../src/broker/redis-read-pacer.ts';
import { ManualClock } from '../support/clock.ts';
import type { Parts } from './parts.ts';
import { EVERYBODY } from './publishers.ts';
import { randomFrom } from './random.ts';
import { hearingNodes, messageBytes, type Message, type Served } from './redis-core.ts';
import { nodesOf, type Scenario } from './scenario.ts';
import type { Latencies } from './latencies.ts';

const MS = 1 / 1_000;
const BITS = 8;
/** What one read of the socket of Redis takes at most. */
const READ_BYTES = 65_536;
/** At so many places among the clients of one write the time is noted. */
const PLACES = 10;

/** After a rest of so long the caches hold half of what the core needs to read and to write anything. */
const COLD_AFTER_MS = 2;
/**
 * After so long without a write to a socket the caches hold half of what node and kernel keep for it. Of 10,
 * 20, 40 and 100 it is 10 with which the simulation comes nearest to the points.
 */
const SOCKET_COLD_AFTER_MS = 10;

/** What waits for the clients of one topic. */
interface Outbox {
  readonly members: number;
  readonly published: number[];
}

/** What a node adds to the JSON of an event for a client, in bytes. */
export function frameBytes({ by }: Scenario, parts: Parts): number {
  return by === 'live' ? parts.liveFrameBytes : parts.frameBytes;
}

/** One node on one core. It reads and flushes when the pacers of the hub say so. */
export class NodeCore {
  readonly #scenario: Scenario;
  readonly #parts: Parts;
  readonly #latencies: Latencies;
  /** How much longer everything takes because of connections and timers. */
  readonly #stretch: number;
  readonly #clock = new ManualClock();
  readonly #reads = new ReadPacer();
  readonly #flushes: FlushPacer;
  readonly #random = randomFrom(2);
  #outboxes = new Map<number, Outbox>();
  #flushedBefore: ReadonlySet<number> = new Set();
  /** When the clients of each topic were last written to. */
  readonly #writtenAt = new Map<number, number>();
  #cpuUs = 0;
  #deliveries = 0;
  #wireFree = 0;
  #busyUntil = 0;

  /** `background` is the share of the core that connections, timers and requests take. */
  constructor(scenario: Scenario, parts: Parts, background: number, latencies: Latencies) {
    this.#scenario = scenario;
    this.#parts = parts;
    this.#latencies = latencies;
    this.#stretch = 1 / (1 - background);
    this.#flushes = new FlushPacer(this.#clock, () => this.#flush());
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  /** Takes all messages, which are in the order of time. */
  serve(messages: readonly Message[], background: number): Served {
    let next = 0;
    let readsFrom = 0;
    while (next < messages.length || this.#outboxes.size > 0) {
      const now = this.#clock.elapsed();
      const at = next < messages.length ? Math.max(messages[next]?.reaches ?? 0, readsFrom) : Infinity;
      if (at <= now) {
        const end = this.#read(messages, next);
        readsFrom =
          this.#clock.elapsed() + this.#reads.afterRead(this.#clock.elapsed(), this.#isFull(end - next));
        next = end;
      } else {
        const timer = this.#clock.nextTimer ?? Infinity;
        this.#clock.advance(Math.max(0, Math.min(at - now, timer)));
      }
      this.#clock.turn();
    }
    const last = messages.at(-1)?.reaches ?? 0;
    const ended = Math.max(this.#clock.elapsed(), this.#wireFree);
    return {
      busy: (this.#cpuUs * MS) / Math.max(last, ended) + background,
      cpuUs: this.#cpuUs,
      behindMs: Math.max(0, ended - last),
    };
  }

  #isFull(count: number): boolean {
    return (count + 1) * this.#messageBytes > READ_BYTES;
  }

  get #messageBytes(): number {
    return messageBytes(this.#scenario, this.#parts);
  }

  /** Reads what has come, and returns the index of the first message that it left. */
  #read(messages: readonly Message[], from: number): number {
    const { nodeTurn, nodeWake, nodeHear, nodeHearByte, nodeEvent } = this.#parts;
    const now = this.#clock.elapsed();
    const most = Math.max(1, Math.floor(READ_BYTES / this.#messageBytes));
    const rested = now - this.#busyUntil;
    let us = nodeTurn + (nodeWake * rested) / (rested + COLD_AFTER_MS);
    let at = from;
    for (; at < messages.length && at - from < most; at++) {
      const message = messages[at];
      if (message === undefined || message.reaches > now) break;
      us += nodeHear + this.#messageBytes * nodeHearByte;
      const isWanted = this.#hear(message);
      if (isWanted) us += nodeEvent;
      this.#reads.heard(isWanted);
    }
    this.#spend(us);
    return at;
  }

  /** Puts an event into the outbox of those who want it. Returns whether there are any on this node. */
  #hear({ topic, shard, at }: Message): boolean {
    const outbox = this.#outboxes.get(topic);
    if (outbox !== undefined) {
      outbox.published.push(at);
      return true;
    }
    const members = this.#membersOf(topic, shard);
    if (members === 0) return false;
    this.#outboxes.set(topic, { members, published: [at] });
    this.#flushes.ask();
    return true;
  }

  /** Clients of a topic are on the nodes that hear its shard. */
  #membersOf(topic: number, shard: number): number {
    const { connections, hearers } = this.#scenario;
    const mean =
      topic === EVERYBODY
        ? connections / nodesOf(this.#scenario)
        : hearers / hearingNodes(this.#scenario, shard);
    const whole = Math.floor(mean);
    return whole + (this.#random() < mean - whole ? 1 : 0);
  }

  #flush(): number {
    const { nodeWriteByte } = this.#parts;
    const { link, size } = this.#scenario;
    const framed = size + frameBytes(this.#scenario, this.#parts);
    const topics = new Set(this.#outboxes.keys());
    let writes = 0;
    let again = 0;
    for (const [topic, { members, published }] of this.#outboxes) {
      const bytes = published.length * framed;
      writes += members;
      this.#deliveries += members * published.length;
      if (this.#flushedBefore.has(topic)) again += members;
      const ofWrite = this.#writeUs(topic) + bytes * nodeWriteByte;
      const places = Math.min(members, PLACES);
      for (let place = 0; place < places; place++) {
        const part = members / places;
        this.#spend(part * ofWrite);
        this.#wireFree =
          Math.max(this.#wireFree, this.#clock.elapsed()) + (part * bytes * BITS * 1_000) / link;
        for (const at of published) this.#latencies.add(this.#wireFree - at, part);
      }
    }
    this.#outboxes = new Map();
    this.#flushedBefore = topics;
    return writes === 0 ? 0 : again / writes;
  }

  /** A write to each client of a topic, without its bytes. It costs more the longer their sockets rested. */
  #writeUs(topic: number): number {
    const { nodeWrite, nodeWriteCold } = this.#parts;
    const { topics, events, broadcasts } = this.#scenario;
    const now = this.#clock.elapsed();
    // What was written before the time that is simulated came as often as what is written in it.
    const everyMs = 1_000 * Math.min(topic === EVERYBODY ? Infinity : topics / events, 1 / broadcasts);
    const before = this.#writtenAt.get(topic) ?? now - everyMs;
    const rested = now - Math.max(before, this.#writtenAt.get(EVERYBODY) ?? before);
    this.#writtenAt.set(topic, now);
    return nodeWrite + (nodeWriteCold * rested) / (rested + SOCKET_COLD_AFTER_MS);
  }

  #spend(us: number): void {
    this.#cpuUs += us;
    this.#clock.spend(us * MS * this.#stretch);
    this.#busyUntil = this.#clock.elapsed();
  }
}
