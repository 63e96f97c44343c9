import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpConnections } from '../../src/gateway/http/http-connections.ts';
import { httpServer } from '../../src/gateway/http/http-server.ts';
import { FirstBytes } from '../../src/gateway/sockets/first-bytes.ts';
import { handshakeIn } from '../../src/gateway/sockets/handshake-form.ts';
import { RejectedInput } from '../../src/telemetry/rejected-input.ts';
import { ManualClock } from '../support/clock.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { rawConnection, type RawConnection } from '../support/raw-http.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const handshake = (target: string, ...more: string[]): string[] => [
  `GET ${target} HTTP/1.1`,
  'Host: localhost',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
  ...more,
];
const bytesOf = (...lines: readonly string[]): Buffer => Buffer.from([...lines, '', ''].join('\r\n'));

describe('the first bytes of a connection', () => {
  it('are read as a handshake with the headers that the upgrade needs', () => {
    const read = handshakeIn(bytesOf(...handshake('/ws?a=b%20c', 'USER-AGENT:\t a b \t', 'X-Other: 1')));
    expect(read).toMatchObject({ method: 'GET', url: '/ws?a=b%20c' });
    expect(read?.headers).toMatchObject({ host: 'localhost', 'user-agent': 'a b', 'sec-websocket-key': KEY });
  });

  it.each([
    ['another method', ['POST /ws HTTP/1.1', ...handshake('/ws').slice(1)]],
    ['another version', ['GET /ws HTTP/1.0', ...handshake('/ws').slice(1)]],
    ['no upgrade', handshake('/ws').filter((line) => !line.startsWith('Upgrade'))],
    ['an upgrade that no proxy may pass on', handshake('/ws').filter((line) => !line.startsWith('Conn'))],
    ['no host', handshake('/ws').filter((line) => !line.startsWith('Host'))],
    ['two hosts', handshake('/ws', 'Host: other')],
    ['a header of the upgrade twice', handshake('/ws', 'Authorization: a', 'authorization: b')],
    ['a length', handshake('/ws', 'Content-Length: 0')],
    ['a body in chunks', handshake('/ws', 'Transfer-Encoding: chunked')],
    ['a folded header', handshake('/ws', 'X-A: 1', ' 2')],
    ['a header without a colon', handshake('/ws', 'X-A')],
    ['a space before a colon', handshake('/ws', 'X-A : 1')],
    ['a line feed within a header', handshake('/ws', 'X-A: 1\n2')],
    ['a character beyond ASCII', handshake('/ws', 'X-A: é')],
    ['a path with two forms', handshake('/%77s')],
    ['a target with a host', handshake('http://localhost/ws')],
    ['a fragment', handshake('/ws#a')],
    ['a space in its target', handshake('/w s')],
    ['more than a plain client sends', handshake('/ws', `X-A: ${'a'.repeat(8_192)}`)],
  ])('with %s are left to the server', (_what, lines) => {
    expect(handshakeIn(bytesOf(...lines))).toBeUndefined();
  });

  it('are left to the server when something follows the head, or its end is missing', () => {
    const whole = bytesOf(...handshake('/ws'));
    expect(handshakeIn(whole)).toBeDefined();
    expect(handshakeIn(Buffer.concat([whole, Buffer.from('x')]))).toBeUndefined();
    for (let end = 0; end < whole.length; end++) expect(handshakeIn(whole.subarray(0, end))).toBeUndefined();
  });

  it('are read in a time that grows only with their length', () => {
    const lines = `X:${' '.repeat(90)}\r\n`.repeat(80);
    const begun = performance.now();
    for (let i = 0; i < 100; i++) handshakeIn(Buffer.from(`GET / HTTP/1.1\r\n${lines}\n`));
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

/** The answer to bytes that are written in these pieces, each of which arrives by itself. */
async function answerTo(connection: RawConnection, pieces: readonly Buffer[]): Promise<string> {
  let text = '';
  connection.socket.on('data', (part: string) => (text += part));
  for (const piece of pieces) {
    const sent = new Promise<void>((resolve) => connection.socket.write(piece, () => resolve()));
    await sent;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitUntil(() => text.includes('"action":"subscribe"'));
  return text;
}

const target = async (node: TestNode): Promise<string> =>
  `/native/ws?token=${await node.token()}&pattern=a.*.*`;

describe('a handshake', () => {
  const SUBSCRIBE = `{"id":7,"command":"subscribe","patterns":["b.*.*"]}`;
  const frame = Buffer.concat([
    Buffer.from([0x81, 0x80 | SUBSCRIBE.length, 0, 0, 0, 0]),
    Buffer.from(SUBSCRIBE),
  ]);

  it.each([
    ['in one piece', (whole: Buffer) => [whole]],
    ['in two pieces', (whole: Buffer) => [whole.subarray(0, 30), whole.subarray(30)]],
    ['byte by byte', (whole: Buffer) => Array.from(whole, (byte) => Buffer.from([byte]))],
  ])('that comes %s is answered with the upgrade and its subscription', async (_how, cut) => {
    const node = await startNode();
    const connection = await rawConnection(node.url);
    const text = await answerTo(connection, cut(bytesOf(...handshake(await target(node)))));
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(text).toContain(`Sec-WebSocket-Accept: ${ACCEPT}\r\n`);
  });

  it.each([
    ['with the handshake', (whole: Buffer) => [Buffer.concat([whole, frame])]],
    ['after it, before the answer', (whole: Buffer) => [whole, frame]],
    ['in pieces', (whole: Buffer) => [whole, frame.subarray(0, 3), frame.subarray(3)]],
  ])('loses no command that the client sends %s', async (_how, pieces) => {
    const node = await startNode();
    const connection = await rawConnection(node.url);
    let text = '';
    connection.socket.on('data', (part: string) => (text += part));
    void answerTo(connection, pieces(bytesOf(...handshake(await target(node)))));
    await expect.poll(() => text).toContain('"key":"7"');
  });

  it('is refused as one that the server reads', async () => {
    const node = await startNode();
    const lines = handshake('/native/ws?token=x');
    const plain = await (await rawConnection(node.url)).ask(lines);
    const read = await (await rawConnection(node.url)).ask([...lines, 'Content-Length: 0']);
    expect(plain.status).toBe(401);
    expect(plain).toEqual(read);
  });
});

describe('a connection that has sent nothing', () => {
  it('does not hold up a node that stops', async () => {
    const node = await startNode();
    const connection = await rawConnection(node.url);
    await node.stop(0);
    expect(await connection.ended).toBeDefined();
  });

  it('is served as every other one when it sends a request', async () => {
    const connection = await rawConnection((await startNode()).url);
    for (let time = 0; time < 2; time++)
      expect((await connection.ask(['GET /healthz HTTP/1.1', 'Host: a'])).status).toBe(200);
  });

  it('is closed when its time for the first byte is over, while others are served', async () => {
    const times = { headMs: 200, lookEveryMs: 20 };
    const rejected = new RejectedInput(new ManualClock(), pino({ level: 'silent' }));
    const connections = new HttpConnections();
    const server = httpServer(
      { keepAliveMs: 60_000, tls: undefined, ...times, rest: { rejected } },
      connections,
    );
    server.on('request', (_request, response) => void response.end('ok'));
    const upgrade = (): void => undefined;
    const firstBytes = new FirstBytes(server, {
      ...times,
      connections,
      rejected,
      upgrade,
      find: () => undefined,
      keepAliveMs: 60_000,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      firstBytes.stop();
      server.close();
      server.closeAllConnections();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const begun = performance.now();
    const [silent, slow, kept] = [
      await rawConnection(url),
      await rawConnection(url),
      await rawConnection(url),
    ];
    slow.write('GET');
    expect((await kept.ask(['GET / HTTP/1.1', 'Host: a'])).status).toBe(200);
    expect(await silent.ended).toBe('end');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(200 - 1);
    expect((await slow.next()).status).toBe(408);
    expect((await kept.ask(['GET / HTTP/1.1', 'Host: a'])).status).toBe(200);
  });
});
