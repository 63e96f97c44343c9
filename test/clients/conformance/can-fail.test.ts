import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { SUITES } from '../../../src/clients/conformance/index.ts';
import type { Publisher } from '../../../src/clients/conformance/publish.ts';
import { listed } from '../../../src/clients/conformance/run.ts';
import { FastClock } from '../../support/fast-clock.ts';
import { namesOf, runChecks } from './run-checks.ts';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Whatever is published is lost. */
const lost: Publisher = { name: 'nothing', publish: () => Promise.resolve(), close: () => undefined };
const every = listed({ suites: SUITES, selects: () => true }).map(
  ({ dialect, check }) => `${dialect}.${check}`,
);

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Opens every socket, and never says a word, not even to a ping or to a close. */
async function deafServer(): Promise<string> {
  const server = createServer((_request, response) => response.end('{}'));
  const open = new Set<Duplex>();
  server.on('upgrade', ({ headers }: IncomingMessage, socket: Duplex) => {
    open.add(socket.on('error', () => undefined));
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${MAGIC}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  onTestFinished(() => open.forEach((socket) => void socket.destroy()));
  return listen(server);
}

/** Opens every socket, and says back what it is told. */
async function echoServer(): Promise<string> {
  const server = createServer((_request, response) => response.end('{}'));
  const sockets = new WebSocketServer({ server, perMessageDeflate: true });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => socket.send(data.toString()));
    socket.on('error', () => undefined);
  });
  onTestFinished(() => sockets.clients.forEach((socket) => socket.terminate()));
  return listen(server);
}

/** Has no socket at all. */
function emptyServer(): Promise<string> {
  return listen(createServer((_request, response) => response.writeHead(404).end()));
}

/** The checks of these names that fail at a server. */
async function failedAt(url: string, names: ReadonlySet<string>): Promise<readonly string[]> {
  const results = await runChecks({
    url,
    dialects: SUITES.map(({ dialect }) => dialect),
    selects: (name) => names.has(name),
    limits: true,
    quick: false,
    patienceMs: 75,
    time: new FastClock(100),
    publisher: lost,
  });
  return namesOf(results, 'failed');
}

describe('every check', () => {
  it('fails at a server that is deaf or at one that echoes, and those of the upgrade alone at one that has no socket', async () => {
    const urls = await Promise.all([deafServer(), echoServer()]);
    const failed = await Promise.all(urls.map((url) => failedAt(url, new Set(every))));
    const left = new Set(every).difference(new Set(failed.flat()));
    expect(left.size).toBeLessThan(30);
    const refused = new Set(await failedAt(await emptyServer(), left));
    expect([...left.difference(refused)]).toEqual([]);
  }, 120_000);
});
