import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { RedisConnection } from './redis-connection.ts';

/** A consumer that holds nothing and was not seen for this long belongs to a node that has crashed. */
const LONG_AGO_MS = bound('time that an idle ingress consumer is kept', 3_600_000, 'ms', 'it is forgotten');

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ingress-claim.lua */
    belfryClaim(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<number, Context>;
    /** ingress-leave.lua */
    belfryLeave(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<null, Context>;
  }
}

/**
 * Claims for this node those entries of the ingress that another node has held for too long, for instance because it
 * crashed.
 * @returns how many it claimed
 */
export function claimEntries(
  connection: RedisConnection,
  ingress: string,
  node: string,
  claimAfterMs: number,
  atMost: number,
): Promise<number> {
  return connection.ask((redis) => redis.belfryClaim(1, ingress, node, claimAfterMs, atMost));
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
