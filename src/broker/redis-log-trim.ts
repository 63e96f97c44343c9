import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

/**
 * Trims the log by age; publish.lua trims it by count, and log-trim.lua by bytes. Up to a hundred older entries may
 * stay. The age counts by the clock of Redis, which also numbers the entries: by the clock of a node that is ahead
 * everything would be trimmed.
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
