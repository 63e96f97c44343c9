import { shardsOfEpoch, type Layout } from '../model/shards.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { startOf, type Cursor } from '../model/cursor.ts';
import type { Fans } from '../model/shards.ts';
import type { FunctionLibrary } from './redis-function-library.ts';
import { StoredLayout } from './redis-layout.ts';
import { LayoutFollower } from './redis-layout-follower.ts';
import type { Body } from './redis-log-entry.ts';
import { MovingPublish } from './redis-moving-publish.ts';
import { Resharding } from './redis-reshard.ts';
import type { ShardOptions } from './redis-shard.ts';
import type { RedisShards } from './redis-shards.ts';
import { SplitPublish, type PublishIn } from './redis-split-publish.ts';
import type { Division, Reshard } from './reshard.ts';

export interface RedisLayoutsOptions extends ShardOptions {
  readonly shards: RedisShards;
  readonly library: FunctionLibrary;
  readonly publishIn: PublishIn;
}

/** How a hub is divided into shards: by which layout this node publishes and delivers, also while it changes. */
export class RedisLayouts implements Reshard {
  readonly #wanted: Layout;
  readonly #shards: RedisShards;
  readonly #library: FunctionLibrary;
  readonly #stored: StoredLayout;
  readonly #follower: LayoutFollower;
  readonly #resharding: Resharding;
  readonly #moving: MovingPublish;
  readonly #log: ShardOptions['log'];
  #onLayout: (before: Layout) => void = () => undefined;

  /** `wanted` is the layout by the settings of this node. */
  constructor(wanted: Layout, options: RedisLayoutsOptions) {
    const { shards, library, commandTimeoutMs } = options;
    const { own } = shards;
    this.#wanted = wanted;
    this.#log = options.log;
    this.#shards = shards;
    this.#library = library;
    this.#stored = new StoredLayout(own.commands, own.keys);
    this.#resharding = new Resharding(this.#stored, shards, options);
    this.#follower = new LayoutFollower(wanted, {
      ...options,
      stored: this.#stored,
      open: async (layout) => {
        await shards.open(layout);
        await library.load();
      },
      reshard: (division) => this.#resharding.goOn(division),
      hold: () => this.#moving.hold(),
      hasDelivered: (ends) => shards.hasDelivered(ends),
      published: (layout) => this.#divide(layout),
      delivered: (before) => this.#onLayout(before),
    });
    this.#moving = new MovingPublish(this.#follower, new SplitPublish(options.publishIn), commandTimeoutMs);
  }

  /** In which new events are published. */
  get newest(): Layout {
    return this.#follower.newest;
  }

  /** By which events are delivered. */
  get delivered(): Layout {
    return this.#follower.delivered;
  }

  /** As {@link Shards.onLayout}. */
  onLayout(changed: (before: Layout) => void): void {
    this.#onLayout = changed;
  }

  /** Opens the shards that the hub has. @throws BelfryError `unavailable`, and `config_invalid` when it has others */
  async start(): Promise<void> {
    const { layout } = await this.#stored.agree(this.#wanted);
    await this.#shards.open(layout);
    this.#shards.divide(layout);
    await this.#library.load();
    this.#follower.begin(layout);
  }

  /** Looks whether the hub is divided anew. It never rejects. */
  check(): Promise<void> {
    return this.#follower.check();
  }

  async reshard(count: number, fans: Fans): Promise<void> {
    await this.#resharding.begin(await this.#stored.read(this.newest), count, fans);
    await this.check();
  }

  /**
   * What has time until the next minute, in the shards as well. It stores that the logs of the oldest epoch have run out, once
   * nobody looks there any more whether a publish is a repetition. It never rejects.
   */
  async upkeep(): Promise<void> {
    for (const shard of this.#shards) void shard.upkeep();
    try {
      const division = await this.#stored.read(this.newest);
      const { layout, next } = division;
      const { oldest } = layout;
      const isWanted =
        this.#follower.earlier !== undefined || this.delivered.newest.first !== layout.newest.first;
      if (oldest === undefined || next !== undefined || isWanted) return;
      const haveRunOut = await Promise.all(
        shardsOfEpoch(oldest).map((shard) =>
          this.#shards.of(shard).hasRunOut(layout.endOf(shard) ?? startOf(shard)),
        ),
      );
      if (!haveRunOut.every(Boolean)) return;
      if (await this.#stored.step(division, { layout: layout.withoutOldest() }))
        this.#log.info({ epoch: oldest }, 'the logs of the shards before have run out; nodes let go of them');
    } catch (error) {
      this.#log.debug(
        { err: error },
        'cannot look whether the logs of the shards before have run out; trying again',
      );
    }
  }

  async division(): Promise<Division> {
    const { layout, next } = await this.#stored.read(this.newest);
    return { stored: layout.newest, next, delivered: this.delivered.newest };
  }

  publish(bodies: readonly Body[], now: number, once?: Once, fence?: Fence): Promise<Cursor[]> {
    return this.#moving.publish(bodies, now, once, fence);
  }

  stop(): void {
    this.#follower.stop();
  }

  /** From now on the node publishes by this layout, and tells services to do so. */
  #divide(layout: Layout): void {
    this.#shards.divide(layout);
    void this.#library.writeRules();
  }
}
