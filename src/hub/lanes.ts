import type { History, Shards } from '../broker/broker.ts';
import type { RetainedQuery, Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, type Cursor } from '../model/cursor.ts';
import { LogCache } from './log-cache.ts';

const AGAIN_MS = bound(
  'time after which a node tries again to follow a shard of a hub that was divided anew',
  500,
  'ms',
  'its clients wait for what is published there',
);
const LINGER_MS = bound(
  'time for which a node follows a shard that none of its clients needs',
  60_000,
  'ms',
  'the node hears nothing more of it, until a client needs it again',
);
/** The log of one shard, while this node follows it. */
export interface Lane {
  readonly shard: number;
  /** The first shard of its epoch, which is higher in later epochs. Shards that no epoch has count as those of the first. */
  readonly epoch: number;
  /** The part of the log that the node holds in memory. */
  readonly cache: LogCache;
}

interface OpenLane extends Lane {
  /** Settles when the node follows the shard. Absent from then on. */
  opening?: Promise<void> | undefined;
  /** How many subscriptions of cohorts and how many replays need it. */
  users: number;
  cancelLinger?: (() => void) | undefined;
}

export interface LanesOptions {
  readonly shards: Shards;
  readonly history: History;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  /** Bytes of memory that events of the log take on this node at most. The lanes share them evenly. */
  readonly logCacheMaxBytes: number;
  /** Called when the node has begun or ceased to follow a shard. */
  readonly changed: () => void;
}

/** The lanes of the shards that this node follows, since its clients need them. */
export class Lanes implements Iterable<Lane> {
  readonly #options: LanesOptions;
  /** Those that are not followed yet among them. */
  readonly #lanes = new Map<number, OpenLane>();
  /** Those that are followed, in the order of their shards. */
  #followed: readonly Lane[] = [];

  constructor(options: LanesOptions) {
    this.#options = options;
    this.first = this.#add(0);
    this.#shareOut();
  }

  /** The lane of shard 0, which has the events of the hub itself, or all events. Every node follows it. */
  readonly first: Lane;

  /** Follows shard 0, once the broker has started. */
  start(): Promise<void> {
    return this.#begin(this.#add(0));
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#followed.values();
  }

  /** The lane of a shard, or `undefined` where the node does not follow it. */
  of(shard: number): Lane | undefined {
    return this.#lanes.get(shard);
  }

  /** The shards in which the events lie that subscriptions may admit, in rising order. */
  shardsOf(
    subscriptions: readonly Pick<Subscription, 'pattern'>[],
    layout = this.#options.shards.layout,
  ): readonly number[] {
    if (layout.isSingle) return layout.shards;
    const shards = subscriptions.flatMap(({ pattern: { parts } }) => (parts ? layout.shardsOf(parts) : []));
    return [...new Set(shards)].toSorted((a, b) => a - b);
  }

  /** The shards in which the retention rules keep what a query asks for. */
  shardsOfRetained({ type, key }: Pick<RetainedQuery, 'type' | 'key'>): readonly number[] {
    const { layout } = this.#options.shards;
    return key === undefined ? layout.shardsOfType(type) : [layout.shardOf(type, key)];
  }

  /**
   * Begins to follow these shards. Returns nothing where the node follows all of them already. Rejects with BelfryError
   * `unavailable`.
   */
  follow(shards: readonly number[]): Promise<void> | undefined {
    const opening: Promise<void>[] = [];
    for (const shard of shards) {
      const lane = this.#add(shard);
      if (lane.opening !== undefined) opening.push(lane.opening);
      else this.#linger(lane);
    }
    return opening.length === 0 ? undefined : Promise.all(opening).then(() => undefined);
  }

  /**
   * Begins to follow those of these shards that are not followed, from the beginnings of their logs. Their lanes are there at
   * once: everything after the beginning is delivered, however long it takes to connect.
   */
  begin(shards: readonly number[]): void {
    const { layout } = this.#options.shards;
    const added = shards.filter((shard) => !this.#lanes.has(shard));
    for (const shard of added) this.#add(shard, layout.beginOf(shard));
    if (added.length > 0) this.#shareOut();
  }

  /** Keeps shards that are followed, until they are released as often. */
  use(shards: readonly number[]): void {
    for (const shard of shards) {
      const lane = this.#lanes.get(shard);
      if (lane === undefined) continue;
      lane.users++;
      lane.cancelLinger?.();
      lane.cancelLinger = undefined;
    }
  }

  release(shards: readonly number[]): void {
    for (const shard of shards) {
      const lane = this.#lanes.get(shard);
      if (lane === undefined) continue;
      lane.users--;
      this.#linger(lane);
    }
  }

  /** The lane of a shard, which the node begins to follow if it is new. */
  #add(shard: number, from?: Cursor): OpenLane {
    const known = this.#lanes.get(shard);
    if (known !== undefined) return known;
    const { shards, history, clock } = this.#options;
    const { epochs } = shards.layout;
    const epoch = epochs[shards.layout.epochAt(shard)]?.first ?? 0;
    const cache = new LogCache({ shard, history, clock, maxBytes: 0 });
    const lane: OpenLane = { shard, epoch, cache, users: shard === 0 ? 1 : 0 };
    this.#lanes.set(shard, lane);
    if (from !== undefined) {
      cache.startAt(from);
      void this.#beginAt(lane, from);
    } else if (shard !== 0) lane.opening = this.#open(lane);
    return lane;
  }

  async #open(lane: OpenLane): Promise<void> {
    try {
      await this.#begin(lane);
    } catch (error) {
      this.#lanes.delete(lane.shard);
      throw error;
    } finally {
      lane.opening = undefined;
    }
    this.#shareOut();
    this.#linger(lane);
  }

  async #beginAt(lane: OpenLane, from: Cursor): Promise<void> {
    const { shards, clock } = this.#options;
    try {
      await shards.follow(lane.shard, from);
    } catch {
      // The broker has logged why.
      clock.after(AGAIN_MS, () => {
        if (this.#lanes.get(lane.shard) === lane) void this.#beginAt(lane, from);
      });
    }
  }

  async #begin({ shard, cache }: Lane): Promise<void> {
    const from = await this.#options.shards.follow(shard);
    // Something may have been delivered before this turn. The recent events then already stand after this position.
    if (compareCursors(from, cache.recent.to) > 0) cache.startAt(from);
  }

  /** The time begins again where nobody has needed the shard since it was last asked for. */
  #linger(lane: OpenLane): void {
    if (lane.users > 0 || lane.opening !== undefined) return;
    lane.cancelLinger?.();
    lane.cancelLinger = this.#options.clock.after(LINGER_MS, () => {
      this.#lanes.delete(lane.shard);
      this.#options.shards.unfollow(lane.shard);
      this.#shareOut();
    });
  }

  #shareOut(): void {
    const open = [...this.#lanes.values()].filter(({ opening }) => opening === undefined);
    this.#followed = open.toSorted((a, b) => a.shard - b.shard);
    for (const { cache } of open) cache.maxBytes = this.#options.logCacheMaxBytes / open.length;
    this.#options.changed();
  }
}
