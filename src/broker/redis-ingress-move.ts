import { hash } from 'node:crypto';
import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { Layout } from '../model/shards.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { Outcome } from './redis-ingress-decoder.ts';
import type { RedisKeys } from './redis-keys.ts';

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

/** Where events of the ingress are moved to. */
export interface Destination {
  readonly commands: Pick<RedisConnection, 'ask'>;
  readonly keys: Pick<RedisKeys, 'log' | 'moved'>;
}

/** The shard to which an event belongs. */
export type MoveTo = (type: string, key: string) => Destination;

export interface Moving {
  readonly to: MoveTo;
  /** Where the shards were before the hub was divided anew. */
  readonly before?: MoveTo | undefined;
}

/** Moves entries that may have been moved before, in the shards of an earlier layout. @throws as {@link moveEntries} */
export async function moveAll(entries: readonly Outcome[], { to, before }: Moving): Promise<void> {
  await moveEntries(before === undefined ? entries : await notMoved(entries, before), to);
}

/**
 * Appends events of the ingress to the logs of their shards, each once, however often it is called with them.
 * @throws BelfryError `unavailable`, when some of them may not be there
 */
export async function moveEntries(entries: readonly Outcome[], moveTo: MoveTo): Promise<void> {
  const parts = partsOf(entries, moveTo);
  await Promise.all(
    Array.from(parts, ([{ commands, keys }, part]) => {
      const values = part.flatMap((entry) => [nameOf(entry), ...entry.becomes.slice(1)]);
      return commands.ask((redis) => redis.belfryMove(2, keys.log, keys.moved, MAX_REMEMBERED, ...values));
    }),
  );
}

/** Those of the entries that were not moved before, in the shards of an earlier layout, which take nothing any more. */
async function notMoved(entries: readonly Outcome[], movedTo: MoveTo): Promise<readonly Outcome[]> {
  const parts = partsOf(entries, movedTo);
  const found = new Set<Outcome>();
  await Promise.all(
    Array.from(parts, async ([{ commands, keys }, part]) => {
      const names = part.map(nameOf);
      const moved = await commands.ask((redis) => redis.zmscore(keys.moved, ...names));
      for (const [i, at] of moved.entries()) if (at !== null) found.add(part[i] as Outcome);
    }),
  );
  return entries.filter((entry) => !found.has(entry));
}

/** How events of the ingress are moved in a layout; `undefined` where shard 0 has all of them. */
export function movingIn(layout: Layout, of: (shard: number) => Destination): Moving | undefined {
  if (layout.isSingle) return undefined;
  const { before } = layout;
  return {
    to: (type, key) => of(layout.shardOf(type, key)),
    ...(before !== layout && !before.isSingle && { before: (type, key) => of(before.shardOf(type, key)) }),
  };
}

/** The entries of each place, in their order. */
function partsOf(entries: readonly Outcome[], moveTo: MoveTo): Map<Destination, Outcome[]> {
  return Map.groupBy(entries, ({ becomes: [, , type, , key] }) => moveTo(type, key));
}

/**
 * A user who may add entries can use an id again, so what was written counts as well. The event made of it is not the same at
 * two nodes, whose clocks differ.
 */
export function nameOf({ id, written = Buffer.alloc(0) }: Outcome): string {
  return `${id} ${hash('sha1', written).slice(0, 16)}`;
}
