import { lookAt, settleEntries, type Settled } from './redis-ingress-batch.ts';
import type { RedisConnection } from './redis-connection.ts';
import { NOTHING, type Outcome } from './redis-ingress-decoder.ts';
import type { Waiting } from './redis-ingress-move.ts';
import { waitingFor, type RedisKeys } from './redis-keys.ts';

/** Moves events to their shards, in their order, each once. Those of shards for which entries wait already wait behind them. */
export type Move = (entries: readonly Outcome[], waiting: ReadonlySet<number>) => Promise<Waiting>;

export interface SettlingInShards {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  /** Entries that wait may be taken by any node when nobody has begun to move them for so long. */
  readonly claimAfterMs: number;
  readonly move: Move;
}

/**
 * Settles entries of a hub with several shards. An entry is acknowledged after its event is in the log of its shard. If the node
 * ends in between, the event is there already when another node moves it again. What cannot be moved waits in the ingress.
 * @returns for each entry, up to the first that has to wait for another node, what became of it
 */
export async function settleInShards(
  { connection, keys, claimAfterMs, move }: SettlingInShards,
  consumer: string,
  entries: readonly Outcome[],
): Promise<Settled[]> {
  const { found, waiting } = await lookAt(connection, keys.ingress, consumer, entries);
  const seen = entries.slice(0, found.length);
  if (seen.length === 0) return [];
  const events = seen.filter(({ becomes }, i) => found[i] === 1 && becomes[0] === 'event');
  const waits = await move(events, waiting);
  const moved = new Set(events);
  const rest = seen.map((entry) => {
    const shard = waits.get(entry);
    if (shard !== undefined) return { ...entry, becomes: waitFor(shard, claimAfterMs) };
    return moved.has(entry) ? { ...entry, becomes: NOTHING } : entry;
  });
  return settleEntries(connection, keys, consumer, rest);
}

function waitFor(shard: number, claimAfterMs: number): Outcome['becomes'] {
  return ['wait', '', waitingFor(shard), `${claimAfterMs}`, '', ''];
}
