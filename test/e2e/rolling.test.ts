import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ResumingClient } from '../faults/client.ts';
import { TEST_SECRET } from '../support/node.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const REPLICAS = 3;
const CLIENTS = 12;

/** Publishes numbered events, one after another, until the caller ends it. It resolves with the count of these events. */
function publishOn(redis: Redis, prefix: string): () => Promise<number> {
  let count = 0;
  const ended = new AbortController();
  const published = (async () => {
    while (!ended.signal.aborted) {
      const object = { n: ++count };
      const event = JSON.stringify({ type: 'rolling', action: 'tell', key: 'k', object });
      await redis.fcall('belfry_publish', 1, `{${prefix}}:log`, event);
      // A higher rate would test nothing more.
      await pause(2);
    }
    return count;
  })();
  return () => {
    ended.abort();
    return published;
  };
}

describe('a rolling update', () => {
  it('loses no event: a new node is ready before an old one is told to end, and its clients reconnect to other nodes', async () => {
    const prefix = randomPrefix();
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(async () => {
      await redis.del(await redis.keys(`{${prefix}}:*`));
      redis.disconnect();
    });
    const env = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
    /** The nodes that are ready and were not told to end. Clients are led to these, as a Service of Kubernetes does it. */
    const urls: string[] = [];
    const launch = async (): Promise<NodeProcess> => {
      const node = await startNodeProcess(env);
      await expect.poll(async () => (await fetch(`${node.url}/readyz`)).status).toBe(200);
      urls.push(node.url);
      return node;
    };
    const nodes = await Promise.all(Array.from({ length: REPLICAS }, launch));
    const token = await signToken(loadConfig({ BELFRY_JWT_SECRET: TEST_SECRET }), {
      subject: 'admin',
      roles: ['admin'],
      ttlS: 600,
    });
    const clients = Array.from(
      { length: CLIENTS },
      () => new ResumingClient({ urls, token, pattern: 'rolling.*.*', random: Math.random }),
    );
    onTestFinished(() => Promise.all(clients.map((client) => client.stop())).then(() => undefined));
    await expect.poll(() => clients.every(({ subscribed }) => subscribed === 1)).toBe(true);

    const end = publishOn(redis, prefix);
    for (const old of nodes) {
      await launch();
      urls.splice(urls.indexOf(old.url), 1);
      old.child.kill('SIGTERM');
      expect((await old.exited).code).toBe(0);
    }
    const count = await end();

    const all = Array.from({ length: count }, (_, index) => index + 1);
    for (const client of clients) {
      await expect.poll(() => client.heard.at(-1)?.n, { timeout: 15_000 }).toBe(count);
      expect(client.heard.map(({ n }) => n)).toEqual(all);
      expect([client.gaps, client.complaints]).toEqual([[], []]);
      expect(client.subscribed).toBeGreaterThan(1);
    }
  }, 60_000);
});
