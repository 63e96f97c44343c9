import { describe, expect, inject, it } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { loadConfig } from '../../src/config/config.ts';
import { nativeClient, type TestClient } from '../support/client.ts';
import { TEST_SECRET } from '../support/node.ts';
import { runCommand, startNodeProcess, type NodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const CLIENTS = 24;

const token = (): Promise<string> =>
  signToken(loadConfig({ BELFRY_JWT_SECRET: TEST_SECRET }), {
    subject: 'admin',
    roles: ['admin'],
    ttlS: 600,
  });

const listAt = async <T>(url: string, path: string): Promise<T> =>
  (await (
    await fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${await token()}` } })
  ).json()) as T;

/** Two processes on one port, and clients of which each hears all jobs. The result names the clients of each process. */
async function twoOnOnePort(): Promise<{
  readonly url: string;
  readonly processes: readonly NodeProcess[];
  readonly clients: readonly (readonly TestClient[])[];
}> {
  const env = {
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
    BELFRY_REUSE_PORT: 'on',
    BELFRY_DRAIN_WINDOW_MS: '1000',
    BELFRY_CONSOLE: 'off',
  };
  const first = await startNodeProcess({ ...env, BELFRY_NODE: 'first' });
  const { url } = first;
  const second = await startNodeProcess({
    ...env,
    BELFRY_NODE: 'second',
    BELFRY_LISTEN: `127.0.0.1:${new URL(url).port}=drp`,
  });
  expect(second.url).toBe(url);
  const byAddress = new Map<string, TestClient>();
  for (let count = 0; count < CLIENTS; count++) {
    const client = await nativeClient(url, await token(), ['jobs.*.*']);
    const known = await listAt<{ RemoteAddr: string }[]>(url, '/api/v3/connections?Type=websocket');
    const added = known.find(({ RemoteAddr }) => !byAddress.has(RemoteAddr));
    byAddress.set(added?.RemoteAddr ?? '', client);
  }
  const rows = await listAt<{ RemoteAddr: string; Node: string }[]>(
    url,
    '/api/v3/connections?Type=websocket',
  );
  const clients = ['first', 'second'].map((name) =>
    rows.flatMap(({ RemoteAddr, Node }) => (Node === name ? [byAddress.get(RemoteAddr) as TestClient] : [])),
  );
  return { url, processes: [first, second], clients };
}

async function publish(url: string, key: string): Promise<number> {
  const { status } = await fetch(`${url}/api/v3/events`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await token()}`,
      'Content-Type': 'application/json',
      Connection: 'close',
    },
    body: JSON.stringify({ type: 'jobs', action: 'save', key, object: null }),
  });
  return status;
}

describe('two processes with BELFRY_REUSE_PORT', { timeout: 60_000 }, () => {
  it('share the connections to one port and their events, and when one is killed the other one serves all that come', async () => {
    const { url, processes, clients } = await twoOnOnePort();
    const [ofFirst = [], ofSecond = []] = clients;
    expect(ofFirst.length).toBeGreaterThan(0);
    expect(ofSecond.length).toBeGreaterThan(0);
    expect(ofFirst.length + ofSecond.length).toBe(CLIENTS);
    await publish(url, 'a');
    for (const client of clients.flat()) expect(await client.next()).toMatchObject({ key: 'a' });

    processes[0]?.child.kill('SIGKILL');
    await processes[0]?.exited;
    expect((await Promise.all(ofFirst.map((client) => client.closed))).map(({ code }) => code)).toEqual(
      ofFirst.map(() => 1006),
    );
    for (let count = 0; count < 20; count++) expect(await publish(url, `${count}`)).toBeLessThan(300);
    for (const client of ofSecond) expect(await client.next()).toMatchObject({ key: '0' });
  });

  it('hand new connections to each other while one of them stops', async () => {
    const { url, processes, clients } = await twoOnOnePort();
    processes[1]?.child.kill('SIGTERM');
    await processes[1]?.line(/"msg":"draining"/);
    // It closes its listener in the same turn as it says so, and its connections over one second.
    for (let count = 0; count < 20; count++) expect(await publish(url, `${count}`)).toBeLessThan(300);
    expect(
      (await Promise.all((clients[1] ?? []).map((client) => client.closed))).map(({ code }) => code),
    ).toEqual((clients[1] ?? []).map(() => 1001));
    expect(await processes[1]?.exited).toEqual({ code: 0, signal: null });
  });

  it('do not share a port with a process that does not want to', async () => {
    const env = {
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: randomPrefix(),
      BELFRY_CONSOLE: 'off',
    };
    const alone = await startNodeProcess(env);
    const { port } = new URL(alone.url);
    const { code, errorLines } = await runCommand(['serve'], {
      ...env,
      BELFRY_JWT_SECRET: TEST_SECRET,
      BELFRY_REUSE_PORT: 'on',
      BELFRY_LISTEN: `127.0.0.1:${port}=drp`,
    });
    expect(code).toBe(2);
    expect(errorLines.join('\n')).toContain(`port ${port} is taken`);
  });
});
