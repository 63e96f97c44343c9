import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { RedisConnection } from './redis-connection.ts';
import { INGRESS_GROUP } from './redis-keys.ts';

/** A consumer that holds nothing and was not seen for this long belongs to a node that has crashed. */
const LONG_AGO_MS = bound('time that an idle ingress consumer is kept', 3_600_000, 'ms', 'it is forgotten');

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ingress-leave.lua */
    belfryLeave(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<null, Context>;
  }
}

/**
 * Claims for this node those entries of the ingress that another node has held for too long, for instance because it
 * crashed.
 * @returns how many it claimed
 */
export async function claimEntries(
  connection: RedisConnection,
  ingress: string,
  node: string,
  claimAfterMs: number,
  atMost: number,
): Promise<number> {
  // XAUTOCLAIM forgets entries that somebody has deleted from the stream, also those that a node holds and is about to settle.
  const late = await connection.ask((redis) =>
    redis.xpending(ingress, INGRESS_GROUP, 'IDLE', claimAfterMs, '-', '+', 1),
  );
  if (late.length === 0) return 0;
  const query = [claimAfterMs, '0-0', 'COUNT', atMost, 'JUSTID'] as const;
  const reply = await connection.ask((redis) => redis.xautoclaim(ingress, INGRESS_GROUP, node, ...query));
  const [, ids] = reply as [next: string, ids: string[]];
  return ids.length;
}

/**
 * Releases the entries that this node holds, so that other nodes can claim them at once. A node calls it when it
 * ends.
 */
export async function releaseEntries(
  connection: RedisConnection,
  ingress: string,
  node: string,
  claimAfterMs: number,
): Promise<void> {
  await connection.ask((redis) => redis.belfryLeave(1, ingress, node, claimAfterMs, LONG_AGO_MS));
}
