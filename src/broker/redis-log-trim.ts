import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

/**
 * Forgets what is older; up to a hundred such entries may stay. By the clock of Redis, which numbers them: a node whose
 * own is ahead would forget everything.
 */
export async function trimLogByAge(
  connection: Pick<RedisConnection, 'ask'>,
  { log }: Pick<RedisKeys, 'log'>,
  maxAgeMs: number,
): Promise<void> {
  const [seconds, micros] = await connection.ask((redis) => redis.time());
  const before = Math.max(0, Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - maxAgeMs);
  await connection.ask((redis) => redis.xtrim(log, 'MINID', '~', before));
}
