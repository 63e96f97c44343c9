import { describe, expect, it } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { startRedisServer } from '../support/redis.ts';

const EVENT = { type: 'profiles', action: 'save', key: 'global', object: null };

describe('while Redis is away', () => {
  it('no process ends, sockets stay open, publishes are refused with 503, and everything resumes by itself', async () => {
    const server = await startRedisServer({});
    const env = { BELFRY_REDIS_URL: server.url };
    const nodes = [await startNodeProcess(env), await startNodeProcess(env)];
    const { token } = await startNode();
    const admin = await token();
    const clients = await Promise.all(nodes.map(({ url }) => nativeClient(url, admin, ['profiles.*.*'])));
    const post = (index: number, key: string): Promise<Response> =>
      fetch(`${nodes[index]?.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...EVENT, key }),
      });
    const ready = async (index: number): Promise<number> =>
      (await fetch(`${nodes[index]?.url}/readyz`)).status;
    expect((await post(0, 'before')).status).toBe(204);
    for (const client of clients) expect(await client.next()).toMatchObject({ key: 'before' });

    await server.stop();
    await expect.poll(() => ready(0), { timeout: 10_000 }).toBe(503);
    const refused = await post(0, 'meanwhile');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    for (const client of clients) {
      client.send({ id: 'up', command: 'ping' });
      expect(await client.next()).toMatchObject({ action: 'ping', key: 'up' });
    }

    await server.restart();
    for (const index of [0, 1]) await expect.poll(() => ready(index), { timeout: 20_000 }).toBe(200);
    expect((await post(1, 'after')).status).toBe(204);
    for (const client of clients) {
      let heard = await client.next();
      // The server came back without its log, so the hub announces a gap.
      if (heard['type'] === 'belfry') heard = await client.next();
      expect(heard).toMatchObject({ key: 'after' });
    }
    expect(nodes.map(({ child }) => child.exitCode)).toEqual([null, null]);
  }, 60_000);
});
