import { hash } from 'node:crypto';
import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { Layout } from '../model/shards.ts';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import type { Outcome } from './redis-ingress-decoder.ts';
import type { RedisKeys } from './redis-keys.ts';
import { WRONG_SHARD } from './redis-publish-batch.ts';

const MAX_REMEMBERED = bound(
  'entries of the ingress of which a shard remembers that they were moved',
  10_000,
  'entries',
  'the oldest are forgotten; those that are not settled are always among the last',
);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ingress-move.lua */
    belfryMove(keyCount: 2, ...keysAndArguments: (string | number | Buffer)[]): Result<number, Context>;
  }
}

/** The shard to which events of the ingress are moved. */
export interface Destination {
  readonly commands: Pick<RedisConnection, 'ask'>;
  readonly keys: Pick<RedisKeys, 'log' | 'moved'>;
}

/** Where events of the ingress are moved in a layout of several shards. */
export interface Moving {
  readonly layout: Layout;
  readonly of: (shard: number) => Destination;
}

/** Entries that cannot be moved now, and the shard for which each waits. */
export type Waiting = ReadonlyMap<Outcome, number>;

/** How events of the ingress are moved in a layout; `undefined` where shard 0 has all of them. */
export function movingIn(layout: Layout, of: Moving['of']): Moving | undefined {
  return layout.isSingle ? undefined : { layout, of };
}

/**
 * Appends events of the ingress to the logs of their shards, each once, however often it is called with them. An event waits
 * where its shard fails, where that may hold it from before the hub was divided anew, and where earlier ones wait (`waiting`).
 * @throws BelfryError `unavailable`, while the hub is being divided anew
 */
export async function moveAll(
  entries: readonly Outcome[],
  { layout, of }: Moving,
  waiting: ReadonlySet<number>,
): Promise<Waiting> {
  const moved = new Set<Outcome>();
  const waits = new Map<Outcome, number>();
  for (const entry of waiting.size === 0 ? [] : entries) {
    const [type, key] = placeOf(entry);
    const shard = layout.shardsOf([[type], '*', [key]]).find((each) => waiting.has(each));
    if (shard !== undefined) waits.set(entry, shard);
  }

  const inShards = async (
    shardOf: Layout['shardOf'],
    run: (to: Destination, part: readonly Outcome[]) => Promise<void>,
  ): Promise<void> => {
    const parts = Map.groupBy(
      entries.filter((entry) => !moved.has(entry) && !waits.has(entry)),
      (entry) => shardOf(...placeOf(entry)),
    );
    await Promise.all(
      Array.from(parts, async ([shard, part]) => {
        try {
          await run(of(shard), part);
        } catch (error) {
          if (isRefusal(error, WRONG_SHARD)) throw error;
          for (const entry of part) waits.set(entry, shard);
        }
      }),
    );
  };

  const { before } = layout;
  // The shards of an earlier layout take nothing any more.
  if (before !== layout && !before.isSingle && before.newest.gone !== true)
    await inShards(
      (...place) => before.shardOf(...place),
      async ({ commands, keys }, part) => {
        const times = await commands.ask((redis) => redis.zmscore(keys.moved, ...part.map(nameOf)));
        for (const [i, at] of times.entries()) if (at !== null) moved.add(part[i] as Outcome);
      },
    );
  await inShards(
    (...place) => layout.shardOf(...place),
    async ({ commands, keys }, part) => {
      const values = part.flatMap((entry) => [nameOf(entry), ...entry.becomes.slice(1)]);
      await commands.ask((redis) => redis.belfryMove(2, keys.log, keys.moved, MAX_REMEMBERED, ...values));
    },
  );
  return waits;
}

function placeOf({ becomes: [, , type, , key] }: Outcome): [type: string, key: string] {
  return [type, key];
}

/**
 * A user who may add entries can use an id again, so what was written counts as well. The event made of it is not the same at
 * two nodes, whose clocks differ.
 */
export function nameOf({ id, written = Buffer.alloc(0) }: Outcome): string {
  return `${id} ${hash('sha1', written).slice(0, 16)}`;
}
