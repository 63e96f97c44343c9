import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '../dialects/dialect.ts';
import { drpRefusal } from '../dialects/drp.ts';
import { asBelfryError } from '../model/errors.ts';

/** The answer to what is no WebSocket handshake. */
export const BAD_HANDSHAKE = new Refusal(
  400,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13' },
  'Bad Request',
);

/** The answer to any method but GET at the path of a socket, handshake or not. */
export const METHOD_NOT_ALLOWED = new Refusal(
  405,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13', Allow: 'GET' },
  'Method Not Allowed',
);

/** Path and query of a request, whatever its Host says. */
export function targetOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** `ip:port`, with an IPv6 address in brackets. */
export function addressOf({
  socket: { remoteAddress = 'unknown', remotePort = 0 },
}: IncomingMessage): string {
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}

/** A fault in the words of `/api/v3`, for where no dialect has its own. */
export function refusalOf(thrown: unknown): Refusal {
  const error = asBelfryError(thrown);
  const { status, headers, body } = drpRefusal(error, 'GET');
  return new Refusal(status, headers, body);
}

/** A plain HTTP answer instead of the upgrade. */
export function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
  const all = { Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The other side may never close its half.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
