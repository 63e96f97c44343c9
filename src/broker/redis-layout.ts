import type { Result } from 'ioredis';
import { BelfryError } from '../model/errors.ts';
import { Layout, type Epoch } from '../model/shards.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** layout.lua */
    belfryLayout(
      keyCount: 3,
      ...keysAndLayouts: string[]
    ): Result<[layout: string, next: string | null], Context>;
    /** layout-step.lua */
    belfryLayoutStep(keyCount: 2, ...keysAndArguments: string[]): Result<0 | 1, Context>;
  }
}

/** What Redis says of the division of a hub. */
export interface Division {
  readonly layout: Layout;
  /** The epoch into which the hub is being divided. It has `after` once all shards before it are closed. */
  readonly next?: Epoch;
  /** Both as Redis has them. */
  readonly texts: readonly [layout: string, next: string];
}

/** The layout of a hub, which its first node stores in Redis, and which `belfry reshard` changes. */
export class StoredLayout {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;

  /** The keys are those of shard 0. */
  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /**
   * Reads the layout, for a node that starts and has this one by its settings.
   * @throws BelfryError `unavailable`, and `config_invalid` when the hub has another one
   */
  async agree(wanted: Layout): Promise<Division> {
    const division = await this.read(wanted, Layout.single);
    refuseOther(division.layout.newest, wanted.newest);
    return division;
  }

  /**
   * Reads the layout, and stores this one where Redis has none, as a Redis that is new or was emptied; another one where
   * something was published nevertheless.
   * @throws BelfryError `unavailable`
   */
  async read(own: Layout, ofPublished = own): Promise<Division> {
    const { layout, nextEpoch, last } = this.#keys;
    const asked = [own, ofPublished].map(({ epochs }) => JSON.stringify(epochs));
    const [text, next] = await this.#connection.ask((redis) =>
      redis.belfryLayout(3, layout, nextEpoch, last, ...asked),
    );
    return {
      layout: new Layout(JSON.parse(text) as [Epoch, ...Epoch[]]),
      texts: [text, next ?? ''],
      ...(next != null && { next: JSON.parse(next) as Epoch }),
    };
  }

  /**
   * Stores a division that follows this one, and tells the nodes. Returns false if another node has stored one before.
   * @throws BelfryError `unavailable`
   */
  async step({ texts }: Division, { layout, next }: Omit<Division, 'texts'>): Promise<boolean> {
    const to = [JSON.stringify(layout.epochs), next === undefined ? '' : JSON.stringify(next)];
    const keys = [this.#keys.layout, this.#keys.nextEpoch];
    const done = await this.#connection.ask((redis) =>
      redis.belfryLayoutStep(2, ...keys, ...texts, ...to, this.#keys.divided),
    );
    return done === 1;
  }
}

/** @throws BelfryError `config_invalid` */
function refuseOther(stored: Epoch, wanted: Epoch): void {
  if (stored.count !== wanted.count) {
    throw new BelfryError(
      'config_invalid',
      `The hub has ${stored.count === 1 ? 'one shard' : `${stored.count} shards`}, and BELFRY_SHARDS of this node is ${wanted.count}. Expected BELFRY_SHARDS=${stored.count}, as all nodes of the hub have it; "belfry reshard ${wanted.count}" divides a running hub into ${wanted.count}.`,
    );
  }
  const [its, ours] = [stored.fans, wanted.fans].map(textOf);
  if (its === ours) return;
  throw new BelfryError(
    'config_invalid',
    `The hub has BELFRY_SHARD_FANS=${its}, and this node has ${ours}. Expected the same at all nodes of the hub; "belfry reshard" changes it while the hub runs.`,
  );
}

export function textOf(fans: Epoch['fans']): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fans).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
