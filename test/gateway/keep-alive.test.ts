import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { HttpConnections } from '../../src/gateway/http/http-connections.ts';
import { httpServer } from '../../src/gateway/http/http-server.ts';
import { RejectedInput } from '../../src/telemetry/rejected-input.ts';
import { ManualClock } from '../support/clock.ts';
import { connect } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { rawConnection, type RawConnection } from '../support/raw-http.ts';

const EVENT = JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: null });
const WINDOW_MS = 60_000;

const HEALTH = ['GET /healthz HTTP/1.1', 'Host: a'];

function post(token: string, ...more: readonly string[]): string[] {
  const length = `Content-Length: ${EVENT.length}`;
  const type = 'Content-Type: application/json';
  return ['POST /api/v3/events HTTP/1.1', 'Host: a', `Authorization: Bearer ${token}`, type, length, ...more];
}

/** A node whose time stands still, so that a test sees what waits for the end of a drain. */
async function startStill(): Promise<{ app: App; url: string; token: string; clock: ManualClock }> {
  const clock = new ManualClock(new Date().toISOString());
  const node: TestNode = await startNode();
  const app = await startApp(node.config, pino({ level: 'silent' }), clock);
  onTestFinished(async () => {
    const stopped = app.stop();
    clock.advance(WINDOW_MS);
    await stopped;
  });
  return { app, url: app.listening[0]?.url ?? '', token: await node.token(), clock };
}

describe('an HTTP connection', () => {
  it.each([
    [{}, 'timeout=75'],
    [{ BELFRY_KEEP_ALIVE_MS: '120000' }, 'timeout=120'],
  ])(
    'is kept for longer than common load balancers keep it, or for the time in %o',
    async (set: Record<string, string>, says) => {
      const { url } = await startNode(set);
      const connection = await rawConnection(url);
      for (let i = 0; i < 2; i++) {
        const { status, headers } = await connection.ask(HEALTH);
        expect([status, headers['keep-alive']]).toEqual([200, says]);
      }
    },
  );

  it('carries no refused body if its client waits for 100 Continue', async () => {
    const node = await startNode();
    const token = await node.token('reader', { subscribe: ['*.*.*'], publish: [] });
    const refused = await rawConnection(node.url);
    expect((await refused.ask(post(token, 'Expect: 100-continue'))).status).toBe(403);
    const taken = await rawConnection(node.url);
    expect((await taken.ask(post(await node.token(), 'Expect: 100-continue'))).status).toBe(100);
    taken.write(EVENT);
    expect((await taken.next()).status).toBe(204);
  });
});

describe('a node that is asked to stop', () => {
  it('serves requests on kept and new connections, and asks each client to connect anew for the next one', async () => {
    const { app, url, token } = await startStill();
    const kept = await rawConnection(url);
    expect((await kept.ask(post(token), EVENT)).headers['connection']).toBe('keep-alive');
    void app.stop(WINDOW_MS);
    const late = await rawConnection(url);
    for (const connection of [kept, late]) {
      const { status, headers } = await connection.ask(post(token), EVENT);
      expect([status, headers['connection']]).toEqual([204, 'close']);
      expect(await connection.ended).toBe('end');
    }
  });

  it('finishes the request under way, and says in the response that it was the last', async () => {
    const { app, url, token } = await startStill();
    const busy = await rawConnection(url);
    busy.write(...post(token), '', EVENT.slice(0, 9));
    expect((await (await rawConnection(url)).ask(HEALTH)).status).toBe(200);
    void app.stop(WINDOW_MS);
    busy.write(EVENT.slice(9));
    const { status, headers } = await busy.next();
    expect([status, headers['connection'], await busy.ended]).toEqual([204, 'close', 'end']);
  });

  it('serves no request that comes after the response which said that it was the last', async () => {
    const { app, url, token } = await startStill();
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const read = (type: string): string =>
      `/api/v3/events?limit=60&pattern=${encodeURIComponent(`${type}.*.*`)}`;
    const body = JSON.stringify({ type: 'long', action: 'save', key: 'a', object: 'x'.repeat(200_000) });
    for (let i = 0; i < 25; i++) await fetch(`${url}/api/v3/events`, { method: 'POST', headers, body });
    const slow = await rawConnection(url);
    void app.stop(WINDOW_MS);
    // The response is longer than what the buffers of the kernel take, so the connection stays open until it is read.
    slow.socket.pause();
    slow.write(`GET ${read('long')} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${token}`, '', '');
    slow.write(...post(token), '', EVENT);
    expect((await (await rawConnection(url)).ask(post(token), EVENT)).status).toBe(204);
    slow.socket.resume();
    const { status, headers: said, body: events } = await slow.next();
    expect([status, said['connection'], events.length > 3_500_000]).toEqual([200, 'close', true]);
    expect(await slow.ended).toBe('end');
    const { events: published } = (await (await fetch(url + read('jobs'), { headers })).json()) as {
      readonly events: readonly unknown[];
    };
    expect(published).toHaveLength(1);
  });

  it('closes idle connections only when the window is over, and then ends', async () => {
    const { app, url, clock } = await startStill();
    const kept = await rawConnection(url);
    await kept.ask(HEALTH);
    const stopped = app.stop(WINDOW_MS);
    clock.advance(WINDOW_MS - 1);
    expect((await kept.ask(HEALTH)).headers['connection']).toBe('close');
    await kept.ended;
    await stopped;
  });

  it('does not wait for the window when no client is connected', async () => {
    const { app } = await startStill();
    await expect(app.stop(WINDOW_MS)).resolves.toBeUndefined();
  });
});

describe('idle TCP connections', () => {
  async function serve(connections: HttpConnections): Promise<string> {
    const server: Server = createServer((_request, response) => response.end('ok'));
    connections.watch(server, false);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('are closed, the longest idle first, when too many of them have never sent a request', async () => {
    const url = await serve(new HttpConnections({ maxSilent: 2 }));
    const open: RawConnection[] = [];
    for (let i = 0; i < 4; i++) open.push(await rawConnection(url));
    open[1]?.write('GET / HTTP/1.1\r\nHost');
    expect(await Promise.all([open[0]?.ended, open[1]?.ended])).toEqual(['end', expect.any(String)]);
    for (const connection of open.slice(2)) expect((await connection.ask(HEALTH)).status).toBe(200);
  });

  it('are closed, the longest idle first, when too many of them are kept between requests', async () => {
    const url = await serve(new HttpConnections({ maxKept: 2 }));
    const open: RawConnection[] = [];
    for (let i = 0; i < 3; i++) {
      const connection = await rawConnection(url);
      await connection.ask(HEALTH);
      open.push(connection);
    }
    expect(await open[0]?.ended).toBe('end');
    for (const connection of open.slice(1)) expect((await connection.ask(HEALTH)).status).toBe(200);
  });

  it('do not include connections that became sockets of the hub', async () => {
    const { app, url } = await startStill();
    const client = await connect(`${url.replace('http', 'ws')}/norn/ws`);
    expect(app.hub.connections.size).toBe(1);
    await app.stop();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  it('are counted over TLS too', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=drp+tls' });
    const url = node.listening[0]?.url ?? '';
    const silent = await rawConnection(url);
    const stopped = node.stop(WINDOW_MS);
    silent.socket.destroy();
    await expect(stopped).resolves.toBeUndefined();
  });
});

describe('the time for the head of a request', () => {
  const HEAD_MS = 300;

  async function serve(): Promise<string> {
    const options = { keepAliveMs: 60_000, tls: undefined, headMs: HEAD_MS, lookEveryMs: 20 };
    const rejected = new RejectedInput(new ManualClock(), pino({ level: 'silent' }));
    const server = httpServer({ ...options, rest: { rejected } }, new HttpConnections());
    server.on('request', (_request, response) => void response.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('does not run while a kept connection is idle between two requests', async () => {
    const url = await serve();
    const kept = await rawConnection(url);
    for (let i = 0; i < 3; i++) {
      expect((await kept.ask(HEALTH)).status).toBe(200);
      // The second connection opens later and is cut when its time is over, so the kept one was idle for longer than
      // that.
      await (
        await rawConnection(url)
      ).ended;
    }
    expect((await kept.ask(HEALTH)).status).toBe(200);
  });

  it('runs on a kept connection from the first byte of the next request', async () => {
    const kept = await rawConnection(await serve());
    expect((await kept.ask(HEALTH)).status).toBe(200);
    const begun = performance.now();
    kept.write('GET / HTTP/1.1\r\nHost');
    expect((await kept.next()).status).toBe(408);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(HEAD_MS - 1);
    expect(await kept.ended).toBe('end');
  });
});

describe('input that is no HTTP request', () => {
  it.each([
    ['two lengths', ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2'], 400],
    [
      'a length beside chunks',
      ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
      400,
    ],
    ['a folded header', ['GET / HTTP/1.1', 'Host: a', 'X-A: 1', ' 2'], 400],
    ['no HTTP', ['hello'], 400],
    ['a head of 17 KB', ['GET / HTTP/1.1', 'Host: a', `X-A: ${'x'.repeat(17_000)}`], 431],
    ['a tunnel', ['CONNECT a:80 HTTP/1.1', 'Host: a'], 405],
  ])('is refused with a sentence for %s', async (_what, head, status) => {
    const { url } = await startNode();
    const answer = await (await rawConnection(url)).ask(head);
    expect([answer.status, answer.headers['connection']]).toEqual([status, 'close']);
    expect(answer.body).not.toBe('');
  });
});
