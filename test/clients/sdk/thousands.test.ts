import { expect, inject, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { systemEnvironment, type Environment, type Socket } from '../../../src/clients/sdk/environment.ts';
import { Hub } from '../../../src/clients/sdk/hub.ts';
import { startNode } from '../../support/node.ts';
import { startNodeProcess } from '../../support/process.ts';
import { randomPrefix } from '../../support/redis.ts';

const CLIENTS = 5_000;
/** So many connect at a time in the beginning, which is not what this test is about. */
const BATCH = 250;

interface Client {
  readonly hub: Hub;
  readonly ready: Promise<void>;
  /** The keys that it heard, and `gap` for each gap. */
  readonly heard: string[];
}

/** What leads each new socket to a node, and counts them. */
interface Balancer {
  target: string;
  attempts: number;
}

/** The sockets of a client whose host is a balancer. */
function socketsBy(balancer: Balancer): new (url: string) => Socket {
  return class extends WebSocket {
    constructor(url: string) {
      super(url.replace(/^ws:\/\/[^/]+/, balancer.target.replace('http', 'ws')));
      balancer.attempts++;
      this.on('error', () => undefined);
    }
  };
}

async function publish(url: string, token: string, ...keys: readonly string[]): Promise<void> {
  const response = await fetch(`${url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(keys.map((key) => ({ type: 'jobs', action: 'save', key, object: null }))),
  });
  expect(response.status).toBe(204);
}

it(`${CLIENTS} clients whose node is killed all go on at another node after few attempts, and hear every event once`, async () => {
  const env = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  const [first, second] = await Promise.all([startNodeProcess(env), startNodeProcess(env)]);
  const token = await (await startNode()).token();
  const balancer: Balancer = { target: first.url, attempts: 0 };
  const environment: Environment = {
    ...systemEnvironment(),
    WebSocket: socketsBy(balancer),
    fetch: (url, init) => fetch((url as URL).href.replace('http://balancer', balancer.target), init),
  };
  const clients: Client[] = [];
  onTestFinished(() => {
    for (const { hub } of clients) hub.close();
  });
  const connect = (): Client => {
    const hub = new Hub('http://balancer', { token }, environment);
    const heard: string[] = [];
    const { ready } = hub.subscribe('jobs.*.*', (item) => void heard.push(item.gap ? 'gap' : item.key));
    return { hub, ready, heard };
  };
  while (clients.length < CLIENTS) {
    const batch = Array.from({ length: BATCH }, connect);
    clients.push(...batch);
    await Promise.all(batch.map(({ ready }) => ready));
  }
  await publish(second.url, token, '1', '2');
  const complete = (count: number): number => clients.filter(({ heard }) => heard.length >= count).length;
  await expect.poll(() => complete(2), { timeout: 30_000 }).toBe(CLIENTS);

  const { attempts } = balancer;
  balancer.target = second.url;
  first.child.kill('SIGKILL');
  await first.exited;
  await publish(second.url, token, '3', '4');
  const statuses = new Set<number>();
  await expect
    .poll(
      async () => {
        // The node answers others while the clients return.
        statuses.add((await fetch(`${second.url}/readyz`)).status);
        return complete(4);
      },
      { timeout: 200_000 },
    )
    .toBe(CLIENTS);
  expect([...statuses]).toEqual([200]);
  await publish(second.url, token, '5');
  await expect.poll(() => complete(5), { timeout: 30_000 }).toBe(CLIENTS);

  const texts = new Set(clients.map(({ heard }) => heard.join(' ')));
  expect([...texts]).toEqual(['1 2 3 4 5']);
  expect(new Set(clients.map(({ hub }) => hub.state.status))).toEqual(new Set(['open']));
  // On a machine that does nothing else the first attempt of each succeeds. A busy one answers some of them too late.
  expect(balancer.attempts - attempts).toBeGreaterThanOrEqual(CLIENTS);
  expect(balancer.attempts - attempts).toBeLessThan(CLIENTS * 3);
}, 320_000);
