import { once } from 'node:events';
import { describe, expect, inject, it } from 'vitest';
import { connect, nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';

interface Pair {
  readonly going: NodeProcess;
  readonly staying: TestNode;
}

/** Two nodes of one hub. One of them is going to leave, and drains for as long as the window says. */
async function pair(windowMs: number): Promise<Pair> {
  const shared = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  const staying = await startNode(shared);
  const going = await startNodeProcess({ ...shared, BELFRY_DRAIN_WINDOW_MS: String(windowMs) });
  return { going, staying };
}

const publish = async ({ staying }: Pair, url: string, key: string): Promise<number> => {
  const response = await fetch(`${url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await staying.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'jobs', action: 'save', key, object: null }),
  });
  return response.status;
};

describe('a node that is stopped', () => {
  it('is not ready and refuses new sockets at first, while its present sockets still hear and REST still answers', async () => {
    const both = await pair(600_000);
    const { going, staying } = both;
    const client = await nativeClient(going.url, await staying.token(), ['jobs.*.*']);
    going.child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${going.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${going.url}/healthz`)).status).toBe(200);
    const late = connect(`${going.url.replace('http', 'ws')}/native/ws?token=${await staying.token()}`);
    await expect(late).rejects.toThrow('refused with 503');
    expect(await publish(both, going.url, 'during')).toBe(204);
    expect(await client.next()).toMatchObject({ key: 'during' });
  });

  it.skipIf(!HAS_REDIS_SERVER)(
    'ends with code 0 in time, even though Redis hangs (this test needs a redis-server on the PATH)',
    { timeout: 14_000 },
    async () => {
      const redis = await startRedisServer();
      const going = await startNodeProcess({ BELFRY_REDIS_URL: redis.url, BELFRY_DRAIN_WINDOW_MS: '0' });
      redis.freeze();
      going.child.kill('SIGTERM');
      expect(await going.exited).toEqual({ code: 0, signal: null });
    },
  );

  it('ends at once with code 1 when it is told to stop a second time', async () => {
    const { going, staying } = await pair(600_000);
    await nativeClient(going.url, await staying.token(), ['jobs.*.*']);
    going.child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${going.url}/readyz`)).status).toBe(503);
    going.child.kill('SIGTERM');
    expect(await going.exited).toEqual({ code: 1, signal: null });
  });

  it.each([
    ['SIGTERM', 1001],
    ['SIGHUP', 1012],
  ] as const)(
    'by %s closes its connections with %i, leaves the registry and ends with code 0, and no client misses an event',
    async (signal, code) => {
      const both = await pair(200);
      const { going, staying } = both;
      const token = await staying.token();
      const clients = await Promise.all(
        Array.from({ length: 20 }, () => nativeClient(going.url, token, ['jobs.*.*'])),
      );
      expect(await publish(both, staying.url, 'before')).toBe(204);
      const heard = await Promise.all(clients.map((client) => client.next()));
      going.child.kill(signal);
      const closed = await Promise.all(clients.map((client) => client.closed));
      expect(new Set(closed.map((each) => each.code))).toEqual(new Set([code]));
      expect(await publish(both, staying.url, 'meanwhile')).toBe(204);
      expect(await going.exited).toEqual({ code: 0, signal: null });
      const list = await fetch(`${staying.url}/api/v3/connections?Type=websocket`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      expect(await list.json()).toEqual([]);
      const since = String(heard[0]?.['id']);
      const again = await nativeClient(staying.url, token, ['jobs.*.*'], { since });
      expect(await again.next()).toMatchObject({ key: 'meanwhile' });
    },
  );

  it('by SIGINT ends at once, whatever its drain window is', async () => {
    const { going, staying } = await pair(600_000);
    const client = await nativeClient(going.url, await staying.token(), ['jobs.*.*']);
    going.child.kill('SIGINT');
    expect(await client.closed).toMatchObject({ code: 1001 });
    await once(going.child, 'exit');
    expect(going.child.exitCode).toBe(0);
  });
});
