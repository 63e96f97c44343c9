import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { entryOfCursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { Epoch, Fans, Layout } from '../model/shards.ts';
import type { Division, StoredLayout } from './redis-layout.ts';
import { textOf } from './redis-layout.ts';
import { copyRetained } from './redis-retained-copy.ts';
import type { RedisShard } from './redis-shard.ts';
import type { RedisShards } from './redis-shards.ts';

/** Both are what a position can hold (VECTOR_FORM). */
const MAX_USED_SHARDS = bound(
  'numbers of shards that a hub uses in its life',
  1_023,
  'entries',
  'the hub is not divided anew, with `reshard_refused`',
);
const MAX_SHARDS_OF_POSITION = bound(
  'shards in which the events of a hub lie at once',
  512,
  'entries',
  'the hub is not divided anew, with `reshard_refused`',
);
const TURN_MS = bound(
  'time after which another node goes on to divide a hub where the one that did has ended',
  3_000,
  'ms',
  'publishes wait for so long, and are then refused with unavailable',
);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** shard-close.lua */
    belfryCloseShard(keyCount: 1, last: string, ...most: number[]): Result<string, Context>;
    /** shard-open.lua */
    belfryOpenShard(keyCount: 2, log: string, last: string, after: string): Result<0 | 1, Context>;
  }
}

/**
 * Divides a hub into the shards of its next epoch. Redis holds how far this has come, and each step may be taken again, by
 * any node: a node that ends in the middle is followed by another one.
 *
 * 1. The shards of the present epoch are closed, so that they take nothing more, and the ends of their logs are stored.
 * 2. What they retain is copied. They do not change any more.
 * 3. The new shards are opened, and the layout is stored with them.
 */
export class Resharding {
  readonly #stored: StoredLayout;
  readonly #shards: RedisShards;
  readonly #clock: Pick<Clock, 'every'>;
  readonly #log: Logger;
  readonly #boot = randomUUID();

  constructor(
    stored: StoredLayout,
    shards: RedisShards,
    { clock, log }: { readonly clock: Pick<Clock, 'every'>; readonly log: Logger },
  ) {
    this.#stored = stored;
    this.#shards = shards;
    this.#clock = clock;
    this.#log = log;
  }

  /** Stores the next epoch of a hub. @throws BelfryError `reshard_refused`, and `unavailable` */
  async begin(division: Division, count: number, fans: Fans): Promise<void> {
    const { layout, next } = division;
    refuse(layout, next, { first: layout.used, count, fans });
    const begun = { layout, next: { first: layout.used, count, fans } };
    if (!(await this.#stored.step(division, begun))) refuse(layout, begun.next, begun.next);
  }

  /**
   * Does what is left to do, unless another node does it. The new shards must be open at this node.
   * @returns whether this node did anything
   * @throws BelfryError `unavailable`, when something is left to do
   */
  async goOn(division: Division): Promise<boolean> {
    const { commands, keys } = this.#shards.own;
    const take = (how: 'NX' | 'XX'): Promise<'OK' | null> =>
      commands.ask((redis) =>
        how === 'NX'
          ? redis.set(keys.resharder, this.#boot, 'PX', TURN_MS, 'NX')
          : redis.set(keys.resharder, this.#boot, 'PX', TURN_MS, 'XX'),
      );
    if ((await take('NX')) === null) return false;
    // Where two nodes do it nevertheless, each step is taken once.
    const stop = this.#clock.every(TURN_MS / 3, () => void take('XX').catch(() => undefined));
    try {
      this.#log.info(
        { from: division.layout.newest, to: division.next },
        'the hub is being divided into other shards',
      );
      await this.#finish(division);
      return true;
    } finally {
      stop();
      await commands.ask((redis) => redis.del(keys.resharder)).catch(() => undefined);
    }
  }

  async #finish(division: Division): Promise<void> {
    const { layout, next } = division;
    if (next === undefined) return;
    if (next.after === undefined) return this.#closeAll(division, next);
    const to = layout.with(next);
    await copyRetained(layout, to, this.#shards);
    const begin = entryOfCursor(to.beginOf(next.first));
    await this.#each(to, async ({ commands, keys }) => {
      await commands.ask((redis) => redis.belfryOpenShard(2, keys.log, keys.last, begin));
    });
    await this.#stored.step(division, { layout: to });
  }

  async #closeAll(division: Division, next: Epoch): Promise<void> {
    const after: Record<string, string> = {};
    await this.#each(division.layout, async ({ commands, keys, bounds }) => {
      const most = [bounds.maxEvents, bounds.maxBytes];
      after[keys.shard] = await commands.ask((redis) => redis.belfryCloseShard(1, keys.last, ...most));
    });
    await this.#stored.step(division, { layout: division.layout, next: { ...next, after } });
  }

  /** Does something in each shard of the newest epoch. */
  async #each(
    { newest: { first, count } }: Layout,
    run: (shard: Pick<RedisShard, 'bounds' | 'commands' | 'keys'>) => Promise<void>,
  ): Promise<void> {
    const numbers = Array.from({ length: count }, (_, i) => first + i);
    await Promise.all(numbers.map((number) => run(this.#shards.of(number))));
  }
}

/** @throws BelfryError `reshard_refused` */
function refuse(layout: Layout, next: Epoch | undefined, wanted: Epoch): void {
  const { newest, used, shards } = layout;
  if (next !== undefined)
    throw refused(`The hub is being divided into ${words(next)}. Expected another try when that has ended.`);
  if (newest.count === wanted.count && textOf(newest.fans) === textOf(wanted.fans))
    throw refused(`The hub has ${words(newest)} with these fans. Expected another number, or other fans.`);
  if (used + wanted.count > MAX_USED_SHARDS)
    throw refused(
      `The hub has used ${used} numbers of shards, and each is used once. Expected at most ${MAX_USED_SHARDS - used} new shards.`,
    );
  if (shards.length + wanted.count > MAX_SHARDS_OF_POSITION)
    throw refused(
      `Events lie in ${shards.length} shards. Expected at most ${MAX_SHARDS_OF_POSITION - shards.length} new ones, until the logs of the others have run out.`,
    );
}

function refused(what: string): BelfryError {
  return new BelfryError('reshard_refused', what);
}

function words({ count }: Epoch): string {
  return count === 1 ? 'one shard' : `${count} shards`;
}
