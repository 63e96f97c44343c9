/** What is answered on a socket that no HTTP response belongs to. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../dialects/dialect.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** The answer to any method but GET at the path of a socket, handshake or not. */
export const METHOD_NOT_ALLOWED = new Refusal(
  405,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13', Allow: 'GET' },
  'Method Not Allowed',
);

/** Whether a list in a header names this, in upper or lower case. */
export function offers(list: string | undefined, name: string): boolean {
  return list?.split(',').some((each) => each.trim().toLowerCase() === name) ?? false;
}

/** A plain HTTP answer instead of the upgrade. */
export function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
  const length = String(Buffer.byteLength(body));
  const all = { ...SECURITY_HEADERS, Connection: 'close', 'Content-Length': length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The other side may never close its half.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
