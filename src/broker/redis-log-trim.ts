import type { Logger } from 'pino';
import type { LogBounds } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

/**
 * Trims the log by age; publish.lua trims it by count, and log-trim.lua by bytes. Up to a hundred older entries may
 * stay, unless it is told to be exact. The age counts by the clock of Redis, which also numbers the entries: by the clock of a node that is ahead
 * everything would be trimmed. A failure is logged, unless Redis is away.
 */
export async function trimLogByAge(
  connection: Pick<RedisConnection, 'ask' | 'isReady'>,
  keys: Pick<RedisKeys, 'log'>,
  { bounds, log }: { readonly bounds: LogBounds; readonly log: Logger },
  how: '~' | '=' = '~',
): Promise<void> {
  try {
    const [seconds, micros] = await connection.ask((redis) => redis.time());
    const now = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    const oldest = Math.max(0, now - bounds.maxAgeMs);
    await connection.ask((redis) =>
      how === '=' ? redis.xtrim(keys.log, 'MINID', '=', oldest) : redis.xtrim(keys.log, 'MINID', '~', oldest),
    );
  } catch (error) {
    if (connection.isReady) log.warn({ err: error }, 'cannot trim the log');
  }
}
