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
    /** A real Redis that all tests share. Each test uses a random prefix. */
    redisUrl: string;
  }
}

export type { RedisServer, RedisServerOptions };

/** Tests that stop and start a Redis need a redis-server on the PATH, and are skipped where this is false. */
export const HAS_REDIS_SERVER = findRedisServer() !== undefined;

/** A prefix that no other test has. A test that makes keys under it removes them. */
export function randomPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

/** Starts a Redis for this test alone, which it may stop, kill, suspend and start again. It ends with the test. */
export async function startRedisServer(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await spawnRedisServer(options);
  onTestFinished(() => server.dispose());
  return server;
}
