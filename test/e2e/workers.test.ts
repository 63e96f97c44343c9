import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { Hub } from '../../src/clients/sdk/hub.ts';
import { loadConfig } from '../../src/config/config.ts';
import { registryKeys } from '../../src/registry/redis-registry-keys.ts';
import { ResumingClient } from '../faults/client.ts';
import { nativeClient, type TestClient } from '../support/client.ts';
import { MetricsPage } from '../support/metrics.ts';
import { TEST_SECRET } from '../support/node.ts';
import { runCommand, startWorkers, type WorkersProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const PATIENT = { timeout: 15_000 };
/** A higher rate of publishes and of requests would test nothing more. */
const BETWEEN_MS = 5;

const token = (subject = 'admin'): Promise<string> =>
  signToken(loadConfig({ BELFRY_JWT_SECRET: TEST_SECRET }), {
    subject,
    roles: ['admin'],
    ttlS: 600,
  });

const start = (env: Readonly<Record<string, string>> = {}): Promise<WorkersProcess> =>
  startWorkers(2, {
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
    BELFRY_DRAIN_WINDOW_MS: '100',
    BELFRY_CONSOLE: 'off',
    ...env,
  });

async function ask<T>(url: string, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${url}${path}`, { ...init, headers });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const publish = (url: string, key: string): Promise<unknown> =>
  ask(url, '/api/v3/events', {
    method: 'POST',
    body: JSON.stringify({ type: 'jobs', action: 'save', key, object: null }),
  });

interface Attached {
  readonly RemoteAddr: string;
  readonly Principal: string;
  readonly Node: string;
}

/** Connects four clients. The result is theirs, by the name of the worker's node; each has two. */
async function clientsOfBoth(url: string): Promise<ReadonlyMap<string, TestClient[]>> {
  const clients = new Map<string, TestClient>();
  for (let count = 0; count < 4; count++) {
    const name = `client-${count}`;
    clients.set(`user:${name}`, await nativeClient(url, await token(name), ['jobs.*.*']));
  }
  const attached = await ask<Attached[]>(url, '/api/v3/connections?Type=websocket');
  const byNode = Map.groupBy(
    clients,
    ([principal]) => attached.find(({ Principal }) => Principal === principal)?.Node ?? '',
  );
  expect([byNode.get('hub-1')?.length, byNode.get('hub-2')?.length]).toEqual([2, 2]);
  return new Map(Array.from(byNode, ([node, of]) => [node, of.map(([, client]) => client)]));
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('belfry serve --workers 2', { timeout: 90_000 }, () => {
  it('spreads clients evenly over two nodes on one port, whose events, nodes, explanations and metrics are joined, and ends by SIGTERM with code 0 once all clients are closed with 1001 and nobody is left in the registry', async () => {
    const prefix = randomPrefix();
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(() => redis.disconnect());
    const workers = await start({ BELFRY_PREFIX: prefix });
    const { url } = workers;
    const byNode = await clientsOfBoth(url);
    const clients = [...byNode.values()].flat();
    for (const key of ['a', 'b', 'c']) await publish(url, key);
    const ids = new Set<string>();
    for (const client of clients) {
      const heard = [await client.next(), await client.next(), await client.next()];
      expect(heard.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
      ids.add(String(heard[0]?.['id']));
    }
    const nodes = await ask<{ name: string }[]>(url, '/api/v3/nodes');
    expect(nodes.map(({ name }) => name)).toEqual(['hub-1', 'hub-2']);
    const [id] = ids;
    for (const { RemoteAddr, Node } of await ask<Attached[]>(url, '/api/v3/connections?Type=websocket')) {
      const asked = `event=${id}&connection=${encodeURIComponent(RemoteAddr)}`;
      expect(await ask(url, `/api/v3/explain?${asked}`)).toMatchObject({ outcome: 'sent', node: Node });
    }
    const page = await MetricsPage.of(url);
    const delivered = [1, 2].map((worker) =>
      page.get(`belfry_deliveries_total{dialect="native",outcome="delivered",worker="${worker}"}`),
    );
    // Each of the two clients got three events, and the answer to its subscription.
    expect(delivered).toEqual([8, 8]);
    expect(page.text.match(/^# HELP belfry_deliveries_total /gm)).toHaveLength(1);
    expect([page.get('belfry_worker_up{worker="1"}'), page.get('belfry_worker_up{worker="2"}')]).toEqual([
      1, 1,
    ]);

    const { rows, nodes: present } = registryKeys(prefix);
    expect([await redis.exists(rows), await redis.exists(present)]).toEqual([1, 1]);
    workers.child.kill('SIGTERM');
    const closed = await Promise.all(clients.map((each) => each.closed));
    expect(closed.map(({ code }) => code)).toEqual([1001, 1001, 1001, 1001]);
    expect(await workers.exited).toEqual({ code: 0, signal: null });
    expect([1, 2].map((number) => isAlive(workers.pidOf(number)))).toEqual([false, false]);
    expect([await redis.exists(rows), await redis.exists(present)]).toEqual([0, 0]);
    expect(workers.lines.filter((line) => line.includes('Connection is closed'))).toEqual([]);
  });

  it('answers agents at any worker of a hub with shards, since a call needs no session', async () => {
    const workers = await start({ BELFRY_SHARDS: '3' });
    const { url } = workers;
    const call = async (name: string, args: object): Promise<{ events: { key: string }[]; next: string }> => {
      const response = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${await token()}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          // The next call comes over a new connection, and so to the other worker.
          Connection: 'close',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name, arguments: args },
        }),
      });
      const [, answer = ''] = /^data: (.*)$/m.exec(await response.text()) ?? [];
      const { result } = JSON.parse(answer) as { result: { content: { text: string }[] } };
      return JSON.parse(result.content[0]?.text ?? '') as { events: { key: string }[]; next: string };
    };
    let { next: since } = await call('history', { pattern: 'jobs.*.*' });
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await publish(url, key);
      const { events, next } = await call('wait_for_events', { pattern: 'jobs.*.*', since });
      expect(events.map((event) => event.key)).toEqual([key]);
      since = next;
    }
    const page = await MetricsPage.of(url);
    const calls = [1, 2].map((worker) =>
      page.get(`belfry_mcp_calls_total{tool="wait_for_events",outcome="answered",worker="${worker}"}`),
    );
    expect(calls.every((count) => count !== undefined && count > 0)).toBe(true);
  });

  it('starts a worker that was killed again, while the other one serves, and its clients resume; and leaves no worker behind when it is killed itself', async () => {
    const workers = await start();
    const { url } = workers;
    const [client] = (await clientsOfBoth(url)).get('hub-2') ?? [];
    await publish(url, 'before');
    const since = String((await client?.next())?.['id']);
    const killed = workers.pidOf(2);
    process.kill(killed, 'SIGKILL');
    expect(await client?.closed).toMatchObject({ code: 1006 });
    await publish(url, 'meanwhile');
    const again = await nativeClient(url, await token(), ['jobs.*.*'], { since });
    expect(await again.next()).toMatchObject({ key: 'meanwhile' });
    await expect.poll(() => workers.pidOf(2), PATIENT).not.toBe(killed);
    const states = async (): Promise<unknown> =>
      ((await (await fetch(`${url}/readyz`)).json()) as { workers: unknown }).workers;
    const ready = [1, 2].map((worker) => ({ worker, state: 'ready' }));
    await expect.poll(states, PATIENT).toEqual(ready);
    const page = await MetricsPage.of(url);
    expect(page.get('belfry_worker_restarts_total{worker="2"}')).toBe(1);

    const pids = [workers.pidOf(1), workers.pidOf(2)];
    expect(pids.map(isAlive)).toEqual([true, true]);
    workers.child.kill('SIGKILL');
    await expect.poll(() => pids.filter(isAlive), PATIENT).toEqual([]);
  });

  it('restarts one worker after another by SIGUSR2 with 1012, refuses no connection meanwhile, and no client that resumes misses an event or hears one twice', async () => {
    const workers = await start();
    const { url } = workers;
    const admin = await token();
    const publisher = new Hub(url, { token: admin, publish: { offline: 'queue' } });
    onTestFinished(() => publisher.close());
    const clients = Array.from(
      { length: 4 },
      () => new ResumingClient({ urls: [url], token: admin, pattern: 'jobs.*.*', random: Math.random }),
    );
    onTestFinished(() => Promise.all(clients.map((client) => client.stop())).then(() => undefined));
    await expect.poll(() => clients.map(({ subscribed }) => subscribed), PATIENT).toEqual([1, 1, 1, 1]);
    const before = [workers.pidOf(1), workers.pidOf(2)];
    const ended = new AbortController();
    const publishing = (async () => {
      let count = 0;
      while (!ended.signal.aborted) {
        await publisher.publish('jobs.save.all', { n: ++count });
        await pause(BETWEEN_MS);
      }
      return count;
    })();
    const refused: unknown[] = [];
    const knocking = (async () => {
      while (!ended.signal.aborted) {
        const answer = await fetch(`${url}/healthz`, { headers: { Connection: 'close' } }).catch(
          (error: unknown) => error,
        );
        if (!(answer instanceof Response) || answer.status !== 200) refused.push(answer);
        else await answer.arrayBuffer();
        await pause(BETWEEN_MS);
      }
    })();
    workers.child.kill('SIGUSR2');
    await workers.line(/"msg":"all workers were restarted"/);
    expect([1, 2].filter((number) => workers.pidOf(number) === before[number - 1])).toEqual([]);
    ended.abort();
    await knocking;
    expect(refused).toEqual([]);

    const count = await publishing;
    const all = Array.from({ length: count }, (_, index) => index + 1);
    for (const client of clients) {
      await expect.poll(() => client.heard.at(-1)?.n, PATIENT).toBe(count);
      expect(client.heard.map(({ n }) => n)).toEqual(all);
      expect([client.gaps, client.complaints]).toEqual([[], []]);
      expect([...client.closeCodes.keys()]).toEqual([1012]);
    }
  });

  it('ends with code 2 and says once why, when a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, errorLines } = await runCommand(['serve', '--workers', '2'], {
      BELFRY_LISTEN: `127.0.0.1:${port}=drp`,
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: randomPrefix(),
      BELFRY_JWT_SECRET: TEST_SECRET,
    });
    expect(code).toBe(2);
    expect(errorLines.filter((line) => line.includes(`port ${port} is taken`))).toHaveLength(1);
  });
});
