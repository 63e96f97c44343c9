import { compareCursors, cursorIn, shardOfCursor, type Cursor } from '../model/cursor.ts';
import type { Layout } from '../model/shards.ts';
import type { ShardStats } from './broker.ts';
import { limitsOfShard } from './log-share.ts';
import { NO_HISTORY, type RedisHistory } from './redis-history.ts';
import { noShard, RedisShard, type ShardOptions } from './redis-shard.ts';
import { Subscribers } from './redis-subscriber.ts';

/** The shards that a node has opened. Shard 0 is there from the beginning; the others come with the layout of the hub. */
export class RedisShards implements Iterable<RedisShard> {
  readonly own: RedisShard;
  readonly #options: ShardOptions;
  readonly #subscribers = new Subscribers();
  readonly #shards = new Map<number, RedisShard>();
  /** What was counted in the shards that are closed, since a count must not fall. */
  readonly #left: ShardStats[] = [];
  readonly #opening = new Map<number, Promise<boolean>>();
  /** Called for each shard that was opened. */
  readonly #opened: (shard: RedisShard) => void;

  constructor(options: ShardOptions, layout: Layout, opened: (shard: RedisShard) => void) {
    this.#options = options;
    this.#opened = opened;
    this.own = this.#make(0, layout);
    this.#shards.set(0, this.own);
  }

  [Symbol.iterator](): Iterator<RedisShard> {
    return this.#shards.values();
  }

  /** @throws BelfryError `cursor_invalid` for a shard that the node has not opened */
  of(shard: number): RedisShard {
    const found = this.#shards.get(shard);
    if (found === undefined) throw noShard(shard);
    return found;
  }

  get(shard: number): RedisShard | undefined {
    return this.#shards.get(shard);
  }

  /** The shards of which this node has counts, also those that it has let go. */
  get counted(): readonly ShardStats[] {
    return [...this.stats, ...this.#left];
  }

  get stats(): readonly ShardStats[] {
    return Array.from(this, ({ stats }) => stats);
  }

  /** Where the log of the shard of a cursor is read. @throws BelfryError as {@link of} */
  historyOf(cursor: Cursor, layout: Layout): Pick<RedisHistory, 'page' | 'after' | 'before'> {
    const shard = shardOfCursor(cursor);
    return layout.isGone(shard) ? NO_HISTORY : this.of(shard).history;
  }

  /** Closes the shards whose logs have run out, unless clients still wait for them. */
  letGo(layout: Layout): void {
    for (const [number, shard] of this.#shards) {
      if (!layout.isGone(number) || shard.isFollowed) continue;
      this.#shards.delete(number);
      this.#left.push(shard.stats);
      shard.close().catch(() => undefined);
    }
  }

  /** All but shard 0. */
  get others(): readonly RedisShard[] {
    return [...this].filter(({ keys }) => keys.shard !== 0);
  }

  /** Opens those shards of a layout that are not open. Those of a master that is away are opened when it is back. */
  async open(layout: Layout): Promise<void> {
    const missing = layout.shards.filter((shard) => !this.#shards.has(shard));
    const opened = await Promise.all(
      missing.map((shard) => {
        const opening = this.#opening.get(shard) ?? this.#open(shard, layout);
        this.#opening.set(shard, opening);
        return opening;
      }),
    );
    const away = missing.filter((_, i) => opened[i] === false);
    if (away.length > 0)
      this.#options.log.warn(
        { shards: away },
        'these shards cannot be reached; the node goes on without them',
      );
  }

  async #open(number: number, layout: Layout): Promise<boolean> {
    const shard = this.#make(number, layout);
    const isOpen = await shard.open().then(
      () => true,
      () => false,
    );
    this.#shards.set(number, shard);
    this.#opening.delete(number);
    this.#opened(shard);
    return isOpen;
  }

  #make(shard: number, layout: Layout): RedisShard {
    const limits = limitsOfShard(this.#options, layout, shard);
    return new RedisShard(shard, { ...this.#options, ...limits, layout, shard }, this.#subscribers);
  }

  /** Writes the rules of a layout for the function `belfry_publish`. */
  divide(layout: Layout): void {
    for (const { rules } of this) rules.divide(layout);
  }

  /** Whether this node has delivered everything up to these positions in the shards that it follows. */
  hasDelivered(ends: Readonly<Record<string, Cursor>>): boolean {
    return Object.entries(ends).every(([shard, end]) => {
      const at = this.#shards.get(Number(shard))?.position;
      return at === undefined || compareCursors(at, cursorIn(Number(shard), end)) >= 0;
    });
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this, (shard) => shard.close()));
  }
}
