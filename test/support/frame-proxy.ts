import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

/** The answer to a request or to a handshake. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a proxy changes of what goes through it. Without a function, everything passes as it is. */
export interface Mangling {
  /** The request path with its query, as the hub gets it. */
  readonly path?: (path: string) => string;
  /** The headers of the request, as the hub gets them. */
  readonly headers?: (headers: Record<string, string>) => Record<string, string>;
  /** What the client gets for one frame of the hub; a buffer is a binary frame. A state belongs to one connection. */
  readonly down?: (text: string, state: Map<string, unknown>) => readonly (string | Buffer)[];
  /** What the hub gets for one frame of the client. */
  readonly up?: (text: string) => readonly string[];
  /** The close code that the client gets. 1006 ends the connection without one. */
  readonly close?: (code: number) => number;
  /** The pings of the hub reach the client. */
  readonly pings?: boolean;
  /** A connection that the hub ended stays open for the client. */
  readonly neverCloses?: boolean;
  readonly answer?: (answer: ProxiedAnswer, path: string) => ProxiedAnswer;
  /** What the client of a refused handshake gets: another answer, or an open socket that sends nothing. */
  readonly refusal?: (answer: ProxiedAnswer) => ProxiedAnswer | 'open';
}

const HOP =
  /^(?:connection|upgrade|host|sec-websocket-(?:key|version|extensions|protocol)|transfer-encoding|content-length)$/;

/** Starts a proxy before a hub, which ends with the test, and returns its address. */
export async function startFrameProxy(hub: string, mangling: Mangling = {}): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const answer = await forward(hub, incoming, mangling);
      const { status, headers, body } = mangling.answer?.(answer, incoming.url ?? '') ?? answer;
      outgoing.writeHead(status, headers);
      outgoing.end(body);
    })().catch(() => outgoing.destroy());
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    upgrade(hub, incoming, socket, head, mangling);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function headersOf({ headers }: IncomingMessage, { headers: change }: Mangling): Record<string, string> {
  const own = Object.entries(headers).flatMap(([name, value]) =>
    HOP.test(name) || value === undefined ? [] : [[name, String(value)] as const],
  );
  return change?.(Object.fromEntries(own)) ?? Object.fromEntries(own);
}

function pathOf({ url = '/' }: IncomingMessage, { path }: Mangling): string {
  return path?.(url) ?? url;
}

async function forward(hub: string, incoming: IncomingMessage, mangling: Mangling): Promise<ProxiedAnswer> {
  const body = await buffer(incoming);
  return new Promise((resolve, reject) => {
    const sent = request(new URL(pathOf(incoming, mangling), hub), {
      method: incoming.method ?? 'GET',
      headers: headersOf(incoming, mangling),
    });
    sent.on('response', (response) => void answerOf(response).then(resolve, reject));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function answerOf(response: IncomingMessage): Promise<ProxiedAnswer> {
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    HOP.test(name) || value === undefined ? [] : [[name, String(value)] as const],
  );
  const body = (await buffer(response)).toString();
  return { status: response.statusCode ?? 0, headers: Object.fromEntries(headers), body };
}

function upgrade(
  hub: string,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  mangling: Mangling,
): void {
  const offered = incoming.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
  const wantsDeflate = incoming.headers['sec-websocket-extensions']?.includes('permessage-deflate') === true;
  const above = new WebSocket(new URL(pathOf(incoming, mangling), hub.replace(/^http/, 'ws')), offered, {
    headers: headersOf(incoming, mangling),
    autoPong: false,
    perMessageDeflate: wantsDeflate,
  });
  above.on('error', () => socket.destroy());
  const accept = (use: (below: WebSocket) => void, deflates: boolean): void => {
    const sockets = new WebSocketServer({
      noServer: true,
      autoPong: false,
      perMessageDeflate: deflates,
      handleProtocols: () => above.protocol || false,
    });
    sockets.handleUpgrade(incoming, socket, head, use);
  };
  // What comes with the upgrade waits until the client is there.
  above.on('open', () => {
    above.pause();
    accept((below) => {
      join(above, below, mangling);
      above.resume();
    }, above.extensions.includes('permessage-deflate'));
  });
  above.on('unexpected-response', (_request, response) => {
    void (async () => {
      const answer = await answerOf(response);
      const changed = mangling.refusal?.(answer) ?? answer;
      if (changed === 'open')
        accept((below) => void below.on('ping', (data: Buffer) => below.pong(data)), false);
      else refuse(socket, changed);
      above.terminate();
    })();
  });
}

function refuse(socket: Duplex, { status, headers, body }: ProxiedAnswer): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${lines.join('')}Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function join(above: WebSocket, below: WebSocket, mangling: Mangling): void {
  const { down = (text) => [text], up = (text) => [text], close = (code) => code, pings = true } = mangling;
  const state = new Map<string, unknown>();
  above.on('message', (data: Buffer) => {
    for (const frame of down(data.toString(), state))
      if (below.readyState === WebSocket.OPEN) below.send(frame);
  });
  below.on('message', (data: Buffer, isBinary) => {
    if (above.readyState !== WebSocket.OPEN) return;
    if (isBinary) above.send(data);
    else for (const frame of up(data.toString())) above.send(frame);
  });
  above.on('ping', (data: Buffer) => pings && below.readyState === WebSocket.OPEN && below.ping(data));
  below.on('pong', (data: Buffer) => above.readyState === WebSocket.OPEN && above.pong(data));
  below.on('ping', (data: Buffer) => {
    if (above.readyState === WebSocket.OPEN) above.ping(data);
    else below.pong(data);
  });
  above.on('pong', (data: Buffer) => below.readyState === WebSocket.OPEN && below.pong(data));
  above.on('close', (code, reason) => {
    if (mangling.neverCloses === true) return;
    const changed = close(code);
    if (changed === 1006 || changed === 1005) below.terminate();
    else below.close(changed, reason);
  });
  below.on('close', (code) => (code === 1006 || code === 1005 ? above.terminate() : above.close(code)));
  below.on('error', () => undefined);
}
