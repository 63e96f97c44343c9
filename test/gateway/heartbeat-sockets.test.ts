import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ClientOptions } from 'ws';
import { startApp, type App } from '../../src/app.ts';
import { signToken } from '../../src/app-token.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ManualClock } from '../support/clock.ts';
import { connect, type TestClient } from '../support/client.ts';
import { TEST_SECRET } from '../support/node.ts';

/** Resolves when the hub has read everything that this client has sent. */
async function heardOut({ ws }: TestClient): Promise<void> {
  const answered = once(ws, 'pong');
  ws.ping();
  await answered;
}

/** A node whose time passes only when a test says so, and clients of an admin. */
async function start() {
  const clock = new ManualClock(new Date().toISOString());
  const config = loadConfig({ BELFRY_LISTEN: '127.0.0.1:0=drp', BELFRY_JWT_SECRET: TEST_SECRET });
  const app: App = await startApp(config, pino({ level: 'silent' }), clock);
  onTestFinished(() => app.stop());
  const token = await signToken(config, { subject: 'admin', roles: ['admin'], ttlS: 600 });
  const url = app.listening[0]?.url ?? '';
  const headers = { Authorization: `Bearer ${token}` };
  const dial = (path: string, options: ClientOptions = {}): Promise<TestClient> =>
    connect(`${url.replace('http', 'ws')}${path}`, { headers, ...options });
  const publish = async (event: object): Promise<void> => {
    const body = JSON.stringify(event);
    const init = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body };
    expect((await fetch(`${url}/api/v3/events`, init)).status).toBe(204);
  };
  return { app, clock, dial, publish };
}

it.each([
  ['norn', '/norn/ws', 75],
  ['mist', '/api/ws/system/logs', 75],
  ['dorgu, as its document says,', '/dorgu/ws', 60],
  ['drp', '/api/v3/ws', 60],
  ['provisioning', '/provisioning/ws', 60],
  ['native', '/native/ws', 60],
])(
  'a client of %s at %s is pinged after 25 s, cut after %d s when it is silent, and stays when it answers',
  async (_who, path, waitS) => {
    const { app, clock, dial } = await start();
    const silent = await dial(path, { autoPong: false });
    const alive = await dial(path);

    clock.advance(25_000 - 1);
    const pinged = [silent, alive].map(({ ws }) => once(ws, 'ping'));
    clock.advance(1);
    await Promise.all(pinged);
    await heardOut(alive);
    clock.advance(waitS * 1_000 - 25_000 - 1);
    expect(app.hub.connections.size).toBe(2);
    clock.advance(1);
    expect(await silent.closed).toMatchObject({ code: 1006 });
    await heardOut(alive);
    expect(app.hub.connections.size).toBe(1);
  },
);

it('a client that must first read a megabyte before the ping gets the time for that, and no more', async () => {
  const { app, clock, dial, publish } = await start();
  const [slow, gone] = [await dial('/native/ws?pattern=a.*.*'), await dial('/native/ws?pattern=a.*.*')];
  for (const { ws } of [slow, gone]) ws.pause();
  const object = 'x'.repeat(900_000);
  await publish({ type: 'a', action: 'b', key: 'c', object });
  app.hub.delivery.flush();
  expect(app.hub.stats.writtenBytes).toBeGreaterThan(2 * object.length);
  clock.advance(60_000);
  expect(app.hub.connections.size).toBe(2);
  slow.ws.resume();
  await once(slow.ws, 'ping');
  await heardOut(slow);
  clock.advance(50_000);
  expect(app.hub.connections.size).toBe(2);
  await heardOut(slow);
  clock.advance(30_000);
  expect(app.hub.connections.size).toBe(1);
  await heardOut(slow);
});

it('a client that sends 61 pings in one write gets an answer to the last of them, and stays', async () => {
  const { app, dial } = await start();
  const sockets: Socket[] = [];
  const createConnection = (given: { host: string; port: number }): Socket => {
    const socket = connectTcp(given);
    sockets.push(socket);
    return socket;
  };
  const client = await dial('/native/ws', {
    createConnection: createConnection as ClientOptions['createConnection'],
  });
  const answers: string[] = [];
  client.ws.on('pong', (data: Buffer) => answers.push(data.toString()));
  // The frame is masked with zeros.
  const ping = (n: number): Buffer => Buffer.from([0x89, 0x82, 0, 0, 0, 0, ...Buffer.from(`${n}`)]);
  const pings = Array.from({ length: 61 }, (_none, n) => ping(n + 30));
  sockets[0]?.write(Buffer.concat(pings));
  await vi.waitUntil(() => answers.includes('90'));
  expect(answers.length).toBeLessThan(61);
  expect(app.hub.connections.size).toBe(1);
});
