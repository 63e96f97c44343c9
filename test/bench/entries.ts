import { clientFrame } from './client-frame.ts';
import type { Protocol } from './replies.ts';

/** The entry points by which events are published. A peer offers those that it has. */
export type EntryName = 'fcall' | 'live' | 'http' | 'http list' | 'ingress' | 'socket';

/** The events that one request carries to each entry point. */
export const EVENTS_A_REQUEST: Readonly<Record<EntryName, number>> = {
  fcall: 1,
  live: 1,
  http: 1,
  'http list': 100,
  ingress: 1,
  socket: 1,
};

/** The entry points that are commands of Redis. */
export const TO_REDIS: ReadonlySet<EntryName> = new Set(['fcall', 'live', 'ingress']);

/** How a peer takes events at one of its entry points, as plain data. The same bytes are sent again and again. */
export interface Entry {
  readonly port: number;
  readonly protocol: Protocol;
  readonly connections: number;
  /** The requests that are under way on each connection at once at most. */
  readonly window: number;
  /** What a connection sends first. Its answer is a head of HTTP. */
  readonly handshake?: string;
  /** The bytes of one request, as latin1. */
  readonly request: string;
}

/** A client that waits for each answer on each of its connections, as services behind a pool do. */
const POOL = { connections: 32, window: 1 };
/** A client that sends many commands on one connection before the first one is answered. */
const PIPELINE = { connections: 1, window: 400 };

/** An entry point that is a command of Redis. */
export function redisEntry(port: number, ...command: readonly string[]): Entry {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return { port, protocol: 'resp', ...PIPELINE, request: `*${command.length}\r\n${words.join('')}` };
}

/** An entry point that is a POST of JSON. */
export function httpEntry(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Entry {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return { port, protocol: 'http', ...POOL, request: `${lines.join('\r\n')}\r\n\r\n${body}` };
}

/** An entry point that is a text on a WebSocket. */
export function socketEntry(port: number, path: string, text: string): Entry {
  const handshake = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  const request = clientFrame(text).toString('latin1');
  return { port, protocol: 'websocket', ...POOL, handshake: `${handshake.join('\r\n')}\r\n\r\n`, request };
}
