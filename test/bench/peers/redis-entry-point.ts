import { Redis } from 'ioredis';
import type { Publication, Publisher } from './peer.ts';

/** A publisher that says one Redis command an event; those of one turn go out together. */
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
