import { readRetained, type History, type Shards } from '../broker/broker.ts';
import type { RetainedQuery, Subscription } from '../dialects/dialect.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, cursorMs, isCursor, shardOfCursor, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject } from '../model/json.ts';
import { isOfTime, PositionVector, textOf, vectorOf, type Position } from '../model/position.ts';
import type { Place } from './encoded-event.ts';
import { EncodingCache } from './encoding-cache.ts';
import { Lanes } from './lanes.ts';
import type { Stats } from './stats.ts';

interface EventLogOptions {
  readonly shards: Shards;
  readonly history: History;
  /** Bytes of memory that events of the log take on this node at most. */
  readonly logCacheMaxBytes: number;
  readonly clock: Clock;
  readonly stats: Stats;
}

/**
 * The log of events as this node sees it: how far it has delivered each shard, what it keeps of it, and where it reads the
 * rest.
 */
export class EventLog {
  /** The whole log, as the broker reads it. */
  readonly history: History;
  readonly lanes: Lanes;
  /** The texts and frames of past events, shared by all connections that come back at the same time. */
  readonly encodings: EncodingCache;
  readonly #shards: Shards;
  readonly #clock: Pick<Clock, 'now'>;
  #position: Position = START;
  /** Whether the position of a log of several shards is the present one. */
  #isPresent = false;

  constructor(options: EventLogOptions) {
    const { history, shards, clock, stats } = options;
    this.history = history;
    this.#shards = shards;
    this.#clock = clock;
    this.lanes = new Lanes({ ...options, changed: () => (this.#isPresent = false) });
    this.encodings = new EncodingCache(stats, clock);
  }

  /**
   * How far this node has delivered the log. Connections keep the text for as long as they last, so it is a copy: the id of
   * an event may be a part of the message that brought it, and would keep the whole of it.
   */
  get position(): Position {
    if (this.isSingle) {
      const { to } = this.lanes.first.cache.recent;
      if (to !== this.#position) this.#position = Buffer.from(to).toString();
    } else if (!this.#isPresent) {
      this.#position = this.positionOf(
        Array.from(this.lanes, ({ shard, cache }) => [shard, cache.recent.to]),
      );
      this.#isPresent = true;
    }
    return this.#position;
  }

  /**
   * The same, once the node follows the shards in which events of a topic lie. A client that reads what is kept of the topic
   * listens to it next, from there on. Rejects with BelfryError `unavailable`.
   */
  async positionFor({ type, key }: { readonly type: string; readonly key?: string }): Promise<Position> {
    if (this.isSingle) return this.position;
    await this.lanes.follow(this.#shards.layout.shardsOf([[type], '*', key === undefined ? '*' : [key]]));
    return this.position;
  }

  /** Runs once the node follows the shards that subscriptions need: at once, where it does so already. */
  whenFollowed(subscriptions: readonly Subscription[], run: () => void): Promise<void> | undefined {
    const following = this.lanes.follow(this.lanes.shardsOf(subscriptions));
    if (following === undefined) run();
    return following?.then(run);
  }

  /** Whether all events lie in the log of one shard, so that a position is a cursor. */
  get isSingle(): boolean {
    return this.#shards.layout.isSingle;
  }

  /** The position with these cursors, which are in the order of their shards. */
  positionOf(cursors: readonly (readonly [shard: number, Cursor])[], known = this.#known): Position {
    const [first] = cursors;
    if (this.isSingle && first !== undefined) return first[1];
    const baseMs = cursors.reduce((ms, [, cursor]) => Math.max(ms, cursorMs(cursor)), 0);
    return textOf(cursors, baseMs || this.#clock.now(), known);
  }

  /** The shards of a position that a client handed back. */
  vectorOf(position: Position): PositionVector {
    const vector = vectorOf(position) ?? new PositionVector(new Map(), 0);
    if (vector.known > 0 || !isCursor(position)) return vector;
    return new PositionVector(vector.cursors, vector.baseMs, this.#knownAt(position));
  }

  /**
   * What the retention rules keep for a query. Where the keys of its type lie in several shards, that of the last change
   * counts. Rejects with BelfryError `unavailable`.
   */
  async retained(query: RetainedQuery): Promise<readonly HubEvent[]> {
    const shards = this.lanes.shardsOfRetained(query);
    const read = await Promise.all(shards.map((shard) => readRetained(this.history, shard, [query])));
    const lastOf = ({ events }: (typeof read)[number]): Cursor => events.at(-1)?.id ?? START;
    return read.toSorted((a, b) => compareCursors(lastOf(b), lastOf(a)))[0]?.events ?? [];
  }

  /** Takes an event that the broker delivers. Returns false if it is of a shard that the node has ceased to follow. */
  push(event: HubEvent): boolean {
    const { id } = event;
    if (id === undefined) return true;
    const lane = this.isSingle ? this.lanes.first : this.lanes.of(shardOfCursor(id));
    lane?.cache.push(event);
    this.#isPresent = false;
    return lane !== undefined;
  }

  /** Where the event stands that was pushed last. A position says that by itself in a log of one shard. */
  placeOf(event: HubEvent): Place | undefined {
    if (event.id === undefined || this.isSingle) return undefined;
    // What came since this position was made, nobody has heard.
    const before = this.#position;
    return { before, after: this.position };
  }

  /** What clients are told of a gap that the broker found in the log of a shard: the same, between two positions. */
  gapIn(event: HubEvent): { readonly shard: number; readonly told: HubEvent } {
    const { from, to, ...said } = isJsonObject(event.object) ? event.object : {};
    if (this.isSingle || typeof from !== 'string' || typeof to !== 'string') return { shard: 0, told: event };
    const shard = shardOfCursor(to);
    const positionAt = (cursor: Cursor): Position =>
      this.positionOf(
        Array.from(this.lanes, (lane) => [lane.shard, lane.shard === shard ? cursor : lane.cache.recent.to]),
      );
    const object = { ...said, from: positionAt(from), to: positionAt(to) };
    return { shard, told: { ...event, key: object.from, object } };
  }

  get #known(): number {
    return (this.#shards.layout.shards.at(-1) ?? 0) + 1;
  }

  /** The shards that began after the one in which an event lies go on from their start. */
  #knownAt(id: Cursor): number {
    const { epochs } = this.#shards.layout;
    const shard = shardOfCursor(id);
    const index = epochs.findIndex(({ first, count }) => first <= shard && shard < first + count);
    const { first = 0, count = 0 } = epochs[index] ?? {};
    return index === epochs.length - 1 || isOfTime(id) ? 0 : first + count;
  }
}
