import { readRetained, type History, type Shards } from '../broker/broker.ts';
import type { RetainedQuery, Subscription } from '../dialects/dialect.ts';
import type { Clock } from '../model/clock.ts';
import { bound } from '../model/bound.ts';
import {
  compareCursors,
  cursorMs,
  isCursor,
  isStart,
  shardOfCursor,
  START,
  type Cursor,
} from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject } from '../model/json.ts';
import { isOfTime, PositionVector, textOf, vectorOf, type Position } from '../model/position.ts';
import type { Place } from './encoded-event.ts';
import { EncodingCache } from './encoding-cache.ts';
import { goneAfter, goneMs } from './gone-logs.ts';
import { Lanes } from './lanes.ts';
import type { Stats } from './stats.ts';

const DIVIDED_WITHIN_MS = bound(
  'time for which a client waits for a node that does not know the shards of its position yet',
  10_000,
  'ms',
  'the node goes on with the shards that it knows',
);

const UNAWARE_MS = bound(
  'time after which a node knows that the hub was divided anew',
  10 * 60_000,
  'ms',
  'a client that goes on elsewhere after an id that this node gave out hears the new shards from the time of the id',
);

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
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  #position: Position = START;
  /** Whether the position of a log of several shards is the present one. */
  #isPresent = false;
  /** Resolves when the hub is divided anew. */
  #divided = Promise.withResolvers<void>();

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
    // The hub may have been divided anew meanwhile.
    return following?.then(() => this.whenFollowed(subscriptions, run));
  }

  /** The hub was divided anew. */
  divide(): void {
    this.#isPresent = false;
    this.#divided.resolve();
    this.#divided = Promise.withResolvers();
  }

  /**
   * Waits for the shards that a position names and this node does not know yet, since a node that was slightly ahead has given
   * it out. Returns nothing where it knows them.
   */
  whenDivided(position: Position): Promise<void> | undefined {
    return this.#isAhead(position) ? this.#untilDivided(position) : undefined;
  }

  #isAhead(position: Position, used = this.#shards.layout.used): boolean {
    if (isCursor(position)) return shardOfCursor(position) >= used;
    const vector = vectorOf(position);
    return vector !== undefined && Math.max(vector.known, ...lastKey(vector.cursors)) > used;
  }

  async #untilDivided(position: Position): Promise<void> {
    // No node has given it out if the hub does not know its shards either.
    const used = await this.#shards.used().catch(() => Infinity);
    if (this.#isAhead(position, used)) return;
    const { promise: isLate, resolve } = Promise.withResolvers<'late'>();
    const stopTimer = this.#clock.after(DIVIDED_WITHIN_MS, () => resolve('late'));
    while (this.#isAhead(position)) {
      if ((await Promise.race([this.#divided.promise, isLate])) === 'late') break;
    }
    stopTimer();
  }

  /** Whether all events lie in the log of one shard, so that a position is a cursor. */
  get isSingle(): boolean {
    return this.#shards.layout.isSingle;
  }

  /** The position with these cursors, which are in the order of their shards. */
  positionOf(cursors: readonly (readonly [shard: number, Cursor])[], known = this.#known): Position {
    const [first] = cursors;
    if (this.isSingle && first !== undefined) return first[1];
    const baseMs = cursors.reduce(
      (ms, [, cursor]) => Math.max(ms, cursorMs(cursor)),
      goneMs(this.#shards.layout),
    );
    return textOf(cursors, baseMs || this.#clock.now(), known);
  }

  /** The shards of a position that a client handed back. None goes on before the beginning of its log. */
  vectorOf(position: Position): PositionVector {
    const given = vectorOf(position) ?? new PositionVector(new Map(), 0);
    const known = given.known > 0 || !isCursor(position) ? given.known : this.#knownAt(position);
    const vector = new PositionVector(given.cursors, given.baseMs, known);
    const { layout } = this.#shards;
    if (layout.epochs.length === 1) return vector;
    const begun = new Map<number, Cursor>();
    for (const shard of layout.shards) {
      const begin = layout.beginOf(shard);
      if (!isStart(begin) && compareCursors(vector.in(shard), begin) < 0) begun.set(shard, begin);
    }
    return vector.with(begun);
  }

  /** As {@link goneAfter}. */
  goneAfter(subscriptions: readonly Subscription[], position: PositionVector): ReadonlyMap<number, Cursor> {
    return goneAfter(this.#shards.layout, subscriptions, position);
  }

  /** Where a shard goes on for a client with this position, in a log that has just begun. */
  beginOf(shard: number, position?: PositionVector): Cursor {
    const begin = this.#shards.layout.beginOf(shard);
    const at = position?.in(shard) ?? begin;
    return compareCursors(at, begin) > 0 ? at : begin;
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
    return this.#shards.layout.used;
  }

  /**
   * How many shards the hub had for a node that gave out this position. Those that began later go on from their beginning. It is
   * not known for an event of the hub itself that came long after the epoch of its shard: before, nodes give out its id that do
   * not know yet that the hub was divided anew.
   */
  #knownAt(id: Cursor): number {
    const { epochs } = this.#shards.layout;
    const shard = shardOfCursor(id);
    const index = this.#shards.layout.epochAt(shard);
    const { first = 0, count = 0 } = epochs[index] ?? {};
    const end = epochs[index + 1]?.after?.[shard];
    if (index < 0 || end === undefined || isOfTime(id)) return 0;
    return cursorMs(id) > cursorMs(end) + UNAWARE_MS ? 0 : first + count;
  }
}

function lastKey(cursors: ReadonlyMap<number, Cursor>): readonly number[] {
  return [...cursors.keys()].slice(-1).map((shard) => shard + 1);
}
