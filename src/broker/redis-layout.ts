import type { Result } from 'ioredis';
import { BelfryError } from '../model/errors.ts';
import { Layout, type Epoch } from '../model/shards.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** layout.lua */
    belfryLayout(keyCount: 2, ...keysAndLayouts: string[]): Result<string, Context>;
  }
}

/** The layout of a hub, which its first node stores in Redis. All other nodes must have the same settings. */
export class StoredLayout {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #wanted: Layout;

  /** The keys are those of shard 0. `wanted` is the layout of a new hub by the settings of this node. */
  constructor(connection: RedisConnection, keys: RedisKeys, wanted: Layout) {
    this.#connection = connection;
    this.#keys = keys;
    this.#wanted = wanted;
  }

  /**
   * Reads the layout, and stores it where Redis has none, as a Redis that is new or was emptied.
   * @throws BelfryError `unavailable`, and `config_invalid` when the settings of this node ask for another one
   */
  async agree(): Promise<Layout> {
    const asked = [this.#wanted, Layout.single].map(({ epochs }) => JSON.stringify(epochs));
    const text = await this.#connection.ask((redis) =>
      redis.belfryLayout(2, this.#keys.layout, this.#keys.last, ...asked),
    );
    const stored = new Layout(JSON.parse(text) as [Epoch, ...Epoch[]]);
    refuseOther(stored.newest, this.#wanted.newest);
    return stored;
  }
}

/** @throws BelfryError `config_invalid` */
function refuseOther(stored: Epoch, wanted: Epoch): void {
  if (stored.count !== wanted.count) {
    throw new BelfryError(
      'config_invalid',
      `The hub has ${stored.count === 1 ? 'one shard' : `${stored.count} shards`}, and BELFRY_SHARDS of this node is ${wanted.count}. Expected BELFRY_SHARDS=${stored.count}, as all nodes of the hub have it.`,
    );
  }
  const [its, ours] = [stored.fans, wanted.fans].map(textOf);
  if (its === ours) return;
  throw new BelfryError(
    'config_invalid',
    `The hub has BELFRY_SHARD_FANS=${its}, and this node has ${ours}. Expected the same at all nodes of the hub.`,
  );
}

function textOf(fans: Epoch['fans']): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fans).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
