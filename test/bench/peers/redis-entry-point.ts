import { Redis } from 'ioredis';
import type { Publication, Publisher } from './peer.ts';

/** A publisher that sends one Redis command for each event. The commands of one turn are sent together. */
export function redisEntryPoint(
  port: number,
  commandOf: (publication: Publication) => readonly [string, ...(string | Buffer)[]],
): Publisher {
  const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
  return {
    publish: (publication) => {
      const [name, ...args] = commandOf(publication);
      return redis.call(name, ...args);
    },
    stop: () => redis.disconnect(),
  };
}
