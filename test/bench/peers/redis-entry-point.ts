import { Cluster, Redis } from 'ioredis';
import type { Publication, Publisher } from './peer.ts';

/**
 * A publisher that sends one Redis command for each event, to a server at a port or to a Cluster at several. The commands of one
 * turn are sent together.
 */
export function redisEntryPoint(
  ports: number | readonly number[],
  commandOf: (publication: Publication) => readonly [string, ...(string | Buffer)[]],
): Publisher {
  const host = '127.0.0.1';
  const redis =
    typeof ports === 'number'
      ? new Redis({ port: ports, host, enableAutoPipelining: true })
      : new Cluster(
          ports.map((port) => ({ port, host })),
          { enableAutoPipelining: true },
        );
  return {
    publish: (publication) => {
      const [name, ...args] = commandOf(publication);
      return redis.call(name, ...args);
    },
    stop: () => redis.disconnect(),
  };
}
