import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Serve } from '../../src/gateway/http/exchange.ts';
import { HttpConnections } from '../../src/gateway/http/http-connections.ts';
import { httpServer } from '../../src/gateway/http/http-server.ts';
import { FirstBytes } from '../../src/gateway/sockets/first-bytes.ts';
import { RejectedInput } from '../../src/telemetry/rejected-input.ts';
import { ManualClock } from '../support/clock.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { event, PUBLISHES, tokensOf, withToken, type Sent } from '../support/publishes.ts';
import { rawConnection, type RawConnection } from '../support/raw-http.ts';
import { runs } from '../support/runs.ts';

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

function textOf({ head, body = '', query = '' }: Sent): string {
  return [`POST /api/v3/events${query} HTTP/1.1`, ...head, '', body].join('\r\n');
}

/** How many requests the HTTP servers of this process have read since. */
function readByNode(port: number): () => number {
  let count = 0;
  const requests = channel('http.server.request.start');
  const saw = (message: unknown): void => {
    if ((message as { request: IncomingMessage }).request.socket.localPort === port) count++;
  };
  requests.subscribe(saw);
  onTestFinished(() => {
    requests.unsubscribe(saw);
  });
  return () => count;
}

/** Writes each piece so that it arrives by itself, and waits for as many answers. Each is as it was on the wire. */
async function answersTo(
  connection: RawConnection,
  pieces: readonly string[],
  count: number,
): Promise<string[]> {
  let text = '';
  const { socket } = connection;
  socket.setNoDelay(true);
  const listen = (part: string): void => void (text += part);
  socket.on('data', listen);
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, 'latin1', () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let answer = 0; answer < count; answer++) await connection.next();
  socket.off('data', listen);
  return unlikely(text);
}

/** The answers without what differs from one to the next. */
function unlikely(text: string): string[] {
  return text
    .replaceAll(/^Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r$/gm, 'Date')
    .replaceAll(/^(Belfry-Event-Ids: ).*$/gm, (line, name: string) => `${name}${line.split(',').length}`)
    .split(/(?=HTTP\/1\.1 )/);
}

/** A connection that the HTTP server serves, because its first request is not plain. */
async function connectionOfNode(url: string): Promise<RawConnection> {
  const connection = await rawConnection(url);
  await answersTo(connection, [HEALTH], 1);
  return connection;
}

/** Requests that are answered once, on a connection that is kept. */
const KEPT = Object.entries(PUBLISHES).filter(
  ([what]) => !/100 Continue|far too long|longer than/.test(what),
);

interface Ways {
  readonly plain: TestNode;
  readonly byNode: TestNode;
  readonly filled: (text: string) => string;
}

/** Two nodes, so that what one way has published changes nothing on the other. */
async function startWays(): Promise<Ways> {
  const [plain, byNode] = [await startNode(), await startNode()];
  return { plain, byNode, filled: await tokensOf(plain) };
}

describe('a request that is read from its bytes', () => {
  it('is answered with the bytes of the HTTP server, whatever is wrong with it', async () => {
    const { plain, byNode, filled } = await startWays();
    const kept = await connectionOfNode(byNode.url);
    for (const [what, sent] of KEPT) {
      const text = filled(textOf(sent));
      const answer = await answersTo(await rawConnection(plain.url), [text], 1);
      expect({ what, answer }).toEqual({ what, answer: await answersTo(kept, [text], 1) });
    }
  });

  it('never reaches the HTTP server if it is of the plain form', async () => {
    const node = await startNode();
    const filled = await tokensOf(node);
    const count = readByNode(Number(new URL(node.url).port));
    const read: string[] = [];
    for (const [what, sent] of KEPT) {
      const before = count();
      await answersTo(await rawConnection(node.url), [filled(textOf(sent))], 1);
      if (count() > before) read.push(what);
    }
    expect(read).toEqual([
      'an event in a compressed body',
      'a body that is said to be compressed and is not',
      'a body in an unknown encoding',
      'a body without a length',
      'no body',
      'a dry run',
      'a token in the query',
      'two Host headers',
    ]);
  });

  it('is answered in the same way wherever its bytes are cut', async () => {
    const { plain, byNode, filled } = await startWays();
    const text = filled(textOf(event(withToken())));
    const expected = await answersTo(await connectionOfNode(byNode.url), [text], 1);
    expect(expected).toHaveLength(1);
    for (let at = 1; at < text.length; at += 3) {
      const pieces = [text.slice(0, at), text.slice(at)];
      expect(await answersTo(await rawConnection(plain.url), pieces, 1)).toEqual(expected);
    }
    expect(await answersTo(await rawConnection(plain.url), text.split(''), 1)).toEqual(expected);
  });

  it('is published as one that the HTTP server has read', async () => {
    const node = await startNode();
    const filled = await tokensOf(node);
    const text = filled(
      textOf(event(withToken('traceparent: 00-11111111111111111111111111111111-2222222222222222-01'))),
    );
    await answersTo(await rawConnection(node.url), [text], 1);
    await answersTo(await connectionOfNode(node.url), [text], 1);
    const page = await (
      await rawConnection(node.url)
    ).ask(['GET /api/v3/events?pattern=jobs.*.*&since=0-0 HTTP/1.1', ...withToken().map(filled)]);
    const { events } = JSON.parse(page.body) as { events: Record<string, unknown>[] };
    const [one, other] = events;
    expect(one).toMatchObject({
      type: 'jobs',
      principal: 'user:admin',
    });
    expect({ ...one, id: '', time: '' }).toEqual({ ...other, id: '', time: '' });
  });
});

describe('a kept connection', () => {
  it('answers any requests, cut anywhere, in their order and as the HTTP server does', async () => {
    const { plain, byNode, filled } = await startWays();
    const texts = [...KEPT.map(([, sent]) => filled(textOf(sent))), HEALTH];
    const often = filled(textOf(event(withToken())));
    const request = fc.oneof(
      { weight: 3, arbitrary: fc.constant(often) },
      { weight: 2, arbitrary: fc.constantFrom(...texts) },
    );
    const cuts = fc.array(fc.nat(), { maxLength: 3 });
    const turns = fc.array(fc.record({ requests: fc.array(request, { minLength: 1, maxLength: 3 }), cuts }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(turns, async (played) => {
        const [one, other] = [await rawConnection(plain.url), await connectionOfNode(byNode.url)];
        for (const { requests, cuts: at } of played) {
          const whole = requests.join('');
          const bounds = at.map((cut) => cut % whole.length).toSorted((a, b) => a - b);
          const pieces = [0, ...bounds].map((from, i) => whole.slice(from, bounds[i] ?? whole.length));
          const sent = pieces.filter((piece) => piece !== '');
          const answers = await answersTo(one, sent, requests.length);
          expect(answers).toHaveLength(requests.length);
          expect(answers).toEqual(await answersTo(other, sent, requests.length));
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('stays with the HTTP server from the first request that is not plain', async () => {
    const node = await startNode();
    const count = readByNode(Number(new URL(node.url).port));
    const text = (await tokensOf(node))(textOf(event(withToken())));
    const connection = await rawConnection(node.url);
    const counts: number[] = [];
    for (const each of [text, text, HEALTH, text, HEALTH]) {
      const [answer] = await answersTo(connection, [each], 1);
      expect(answer).toMatch(/^HTTP\/1\.1 20[04] /);
      counts.push(count());
    }
    expect(counts).toEqual([0, 0, 1, 2, 3]);
  });

  it('is in the list of connections once, and is gone from it when it closes', async () => {
    const node = await startNode();
    const filled = await tokensOf(node);
    const connection = await rawConnection(node.url);
    for (let i = 0; i < 2; i++) await answersTo(connection, [filled(textOf(event(withToken())))], 1);
    const other = await rawConnection(node.url);
    const listed = async (): Promise<string[]> => {
      const { body } = await other.ask(['GET /api/v3/connections HTTP/1.1', ...withToken().map(filled)]);
      const { localPort } = connection.socket;
      return (JSON.parse(body) as { RemoteAddr: string }[])
        .map(({ RemoteAddr: address }) => address)
        .filter((address) => address.endsWith(`:${localPort}`));
    };
    expect(await listed()).toHaveLength(1);
    connection.socket.destroy();
    await vi.waitUntil(async () => (await listed()).length === 0);
  });

  it('that an operator closes ends after its answer', async () => {
    const node = await startNode();
    const filled = await tokensOf(node);
    const connection = await rawConnection(node.url);
    await answersTo(connection, [filled(textOf(event(withToken())))], 1);
    const address = `127.0.0.1:${connection.socket.localPort}`;
    const head = [`DELETE /api/v3/connections/${address} HTTP/1.1`, ...withToken().map(filled)];
    expect((await (await rawConnection(node.url)).ask(head)).status).toBe(200);
    expect(await connection.ended).toBe('end');
  });
});

interface Stage {
  readonly url: string;
  readonly connections: HttpConnections;
  readonly firstBytes: FirstBytes;
  /** The answers that wait for a test, the oldest first. */
  readonly waiting: (() => void)[];
  readonly closed: Promise<unknown>;
}

/** A server whose plain requests are answered when the test says so. */
async function serve({ keepAliveMs = 60_000, respond = false } = {}): Promise<Stage> {
  const times = { headMs: 60_000, lookEveryMs: 20, keepAliveMs };
  const rejected = new RejectedInput(new ManualClock(), pino({ level: 'silent' }));
  const connections = new HttpConnections();
  const server = httpServer({ ...times, tls: undefined, rest: { rejected } }, connections);
  server.on('request', (request, response) => {
    response.setHeader('By', 'node');
    if (request.headers.authorization === undefined) response.writeHead(401, { 'Content-Length': 0 }).end();
    else request.resume().on('end', () => response.end());
  });
  const waiting: (() => void)[] = [];
  const answerLater: Serve = (_request, response) => {
    const answer = (): void => {
      response.writeHead(204, ['By', 'bytes']);
      response.end();
    };
    if (respond) answer();
    else waiting.push(answer);
  };
  const upgrade = (): void => undefined;
  const find = (): Serve => answerLater;
  const firstBytes = new FirstBytes(server, { ...times, connections, rejected, upgrade, find });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const closed = once(server, 'close');
  onTestFinished(() => {
    firstBytes.stop();
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, connections, firstBytes, waiting, closed };
}

const PUBLISH = textOf(event(withToken()));

describe('a connection of plain requests', () => {
  it('is closed when it was idle for longer than it is kept', async () => {
    const { url } = await serve({ keepAliveMs: 1_000, respond: true });
    const connection = await rawConnection(url);
    const begun = performance.now();
    const [answer] = await answersTo(connection, [PUBLISH], 1);
    expect(answer).toContain('Keep-Alive: timeout=1\r\n');
    expect(await connection.ended).toBe('end');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  it('goes to the HTTP server when the rest of a request does not come soon, which may refuse it before', async () => {
    const { url } = await serve({ respond: true });
    const connection = await rawConnection(url);
    const poor = textOf(event(['Host: a']));
    connection.write(poor.slice(0, -3));
    expect(await connection.next()).toMatchObject({ status: 401, headers: { by: 'node' } });
    const other = await rawConnection(url);
    other.write(PUBLISH.slice(0, -3));
    await connection.ask(['GET / HTTP/1.1', 'Host: a']);
    other.write(PUBLISH.slice(-3));
    expect((await other.next()).headers['by']).toMatch(/^(?:node|bytes)$/);
  });

  it('reads nothing more until the answer is there, and then goes to the HTTP server', async () => {
    const { url, waiting } = await serve();
    const connection = await rawConnection(url);
    connection.write(PUBLISH);
    await vi.waitUntil(() => waiting.length === 1);
    for (let i = 0; i < 3; i++) connection.write(PUBLISH);
    await (await rawConnection(url)).ask(['GET / HTTP/1.1', 'Host: a']);
    expect(waiting).toHaveLength(1);
    waiting.shift()?.();
    const by = [];
    for (let i = 0; i < 4; i++) by.push((await connection.next()).headers['by']);
    expect(by).toEqual(['bytes', 'node', 'node', 'node']);
    expect(waiting).toEqual([]);
  });

  it('goes to the HTTP server when its client reads no answers, so that few of them wait in memory', async () => {
    const { url } = await serve({ respond: true });
    const connection = await rawConnection(url);
    const count = readByNode(Number(new URL(url).port));
    connection.socket.pause();
    const ask = (): number => {
      for (let i = 0; i < 200; i++) connection.write(PUBLISH);
      return count();
    };
    await expect.poll(ask).toBeGreaterThan(0);
  });

  it('is waited for while its request is answered, and says in the answer that it was the last', async () => {
    const { url, connections, waiting, firstBytes } = await serve();
    const [busy, slow, idle] = [await rawConnection(url), await rawConnection(url), await rawConnection(url)];
    idle.write(PUBLISH);
    await vi.waitUntil(() => waiting.length === 1);
    waiting.shift()?.();
    expect((await idle.next()).headers['connection']).toBe('keep-alive');
    busy.write(PUBLISH);
    await vi.waitUntil(() => waiting.length === 1);
    slow.write(PUBLISH.slice(0, -3));
    await (await rawConnection(url)).ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']);
    let isEmpty = false;
    connections.leave();
    void connections.empty(60_000, new ManualClock()).then(() => (isEmpty = true));
    firstBytes.stop();
    expect(await idle.ended).toBe('end');
    waiting.shift()?.();
    expect((await busy.next()).headers['connection']).toBe('close');
    expect(await busy.ended).toBe('end');
    expect(isEmpty).toBe(false);
    slow.write(PUBLISH.slice(-3));
    expect((await slow.next()).headers['connection']).toBe('close');
    await vi.waitUntil(() => isEmpty);
  });

  it.each([
    ['between two requests', (_stage: Stage, { socket }: RawConnection) => void socket.end()],
    [
      'while its request is answered',
      ({ waiting }: Stage, { socket }: RawConnection) => {
        socket.write(PUBLISH);
        void vi.waitUntil(() => waiting.length === 2).then(() => socket.end());
      },
    ],
    ['within a request', (_stage: Stage, { socket }: RawConnection) => void socket.end(PUBLISH.slice(0, -3))],
    ['with an error', (_stage: Stage, { socket }: RawConnection) => void socket.resetAndDestroy()],
  ])('is forgotten when its client ends it %s', async (_when, end) => {
    const stage = await serve();
    const connection = await rawConnection(stage.url);
    connection.write(PUBLISH);
    await vi.waitUntil(() => stage.waiting.length === 1);
    stage.waiting[0]?.();
    await connection.next();
    connection.socket.resume();
    end(stage, connection);
    await expect(stage.connections.empty(60_000, new ManualClock())).resolves.toBeUndefined();
    stage.waiting[1]?.();
  });
});
