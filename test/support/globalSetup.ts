import { execFileSync } from 'node:child_process';
import { accessSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { findRedisServer, spawnRedisServer } from './redis-server.ts';

const IMAGE = 'redis:8-alpine';
const PULL_WITHIN_MS = 180_000;

/** A real Redis for the tests, with the function that ends it. */
interface FoundRedis {
  readonly url: string;
  readonly end: () => Promise<unknown>;
}

/**
 * Provides a real Redis to all tests: the one that the environment names, one in Docker, one of this machine, or one
 * that it installs. It is never a fake.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = (await named()) ?? (await inDocker()) ?? (await onThisMachine()) ?? (await installed());
  if (redis === undefined) {
    throw new Error(
      'The tests need a real Redis. Either set BELFRY_TEST_REDIS_URL=redis://…, or start Docker, ' +
        'or install redis-server (7.0 or later) so that it is on the PATH.',
    );
  }
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.end();
  };
}

async function named(): Promise<FoundRedis | undefined> {
  const url = process.env['BELFRY_TEST_REDIS_URL'];
  return url ? { url, end: async () => undefined } : undefined;
}

async function inDocker(): Promise<FoundRedis | undefined> {
  try {
    const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
    if (!(await isResolved(getContainerRuntimeClient()))) return undefined;
    const starting = new GenericContainer(IMAGE).withExposedPorts(6379).start();
    const container = await within(PULL_WITHIN_MS, starting);
    return {
      url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
      end: () => container.stop(),
    };
  } catch (error) {
    note(`Docker gives no ${IMAGE} (${messageOf(error)}); looking for another Redis.`);
    return undefined;
  }
}

async function onThisMachine(): Promise<FoundRedis | undefined> {
  if (findRedisServer() === undefined) return undefined;
  const redis = await spawnRedisServer();
  return { url: redis.url, end: () => redis.dispose() };
}

/** Installs Redis, but only on Debian and similar systems, and only where this needs no password, as in a container. */
async function installed(): Promise<FoundRedis | undefined> {
  try {
    accessSync('/etc/debian_version');
    if (process.getuid?.() !== 0) return undefined;
    note('installing redis-server with apt-get.');
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', 'redis-server'], {
      stdio: 'ignore',
      // The package starts no service, since the tests start their own.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
    return await onThisMachine();
  } catch (error) {
    note(`redis-server could not be installed (${messageOf(error)}).`);
    return undefined;
  }
}

async function isResolved(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    AbortSignal.timeout(ms).addEventListener('abort', () => reject(new Error(`not ready within ${ms} ms`)));
  });
  return Promise.race([promise, late]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function note(text: string): void {
  console.info(`redis for the tests: ${text}`);
}
