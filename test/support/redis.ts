import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  findRedisServer,
  spawnRedisServer,
  type RedisServer,
  type RedisServerOptions,
} from './redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A real Redis for all tests together: each keeps to a random prefix. */
    redisUrl: string;
  }
}

export type { RedisServer, RedisServerOptions };

/** Where this is false, tests that stop and start a Redis are skipped: they need a redis-server on the PATH. */
export const HAS_REDIS_SERVER = findRedisServer() !== undefined;

/** A prefix that no other test has. Whoever makes keys under it removes them. */
export function randomPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

/** A Redis that this test has to itself, to stop, kill, hang and start again. Gone when the test ends. */
export async function startRedisServer(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await spawnRedisServer(options);
  onTestFinished(() => server.dispose());
  return server;
}
