/** Answers on a socket that has no HTTP response object. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../dialects/dialect.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** The answer to any method but GET at the path of a socket, with or without a handshake. */
export const METHOD_NOT_ALLOWED = new Refusal(
  405,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13', Allow: 'GET' },
  'Method Not Allowed',
);

/** Whether the list in a header contains this name, in upper or lower case. */
export function offers(list: string | undefined, name: string): boolean {
  return list === name || (list?.split(',').some((each) => each.trim().toLowerCase() === name) ?? false);
}

/** Sends a plain HTTP response instead of the upgrade. */
export function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
  const length = String(Buffer.byteLength(body));
  const all = { ...SECURITY_HEADERS, Connection: 'close', 'Content-Length': length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The other side may never close its half of the connection.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
