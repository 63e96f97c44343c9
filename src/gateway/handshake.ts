import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from '../dialects/dialect.ts';
import { apiRefusal } from '../dialects/drp.ts';
import { asBelfryError } from '../model/errors.ts';
import { SAFE_HEADERS } from './headers.ts';

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

/**
 * `ip:port` of the client, with an IPv6 address in brackets. Behind proxies of one's own, as many as `trustedHops`, the
 * address is what the outermost of them wrote into `X-Forwarded-For`; whatever stands before that anybody may have
 * written. The port is always that of the connection itself, so that each has an address of its own.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedHops: number): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
  const named = trustedHops > 0 ? forwarded.at(-trustedHops)?.trim() : undefined;
  const address = named !== undefined && isIP(named) !== 0 ? named : remoteAddress;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain.includes(':') ? `[${plain}]:${remotePort}` : `${plain}:${remotePort}`;
}

const USER_AGENT_MAX = 200;

export function userAgentOf({ headers }: IncomingMessage): string {
  return headers['user-agent']?.slice(0, USER_AGENT_MAX) ?? '';
}

/** How a connection ended that was not closed from this side, by the code that its socket tells. */
export function endingOf(code: number): string {
  return code === 1006 ? 'connection lost' : `closed by the client (${code})`;
}

/** A fault in the words of `/api/v3`, for where no dialect has its own. */
export function refusalOf(thrown: unknown): Refusal {
  const error = asBelfryError(thrown);
  const { status, headers, body } = apiRefusal(error, 'GET');
  return new Refusal(status, headers, body);
}

/** A plain HTTP answer instead of the upgrade. */
export function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
  const length = String(Buffer.byteLength(body));
  const all = { ...SAFE_HEADERS, Connection: 'close', 'Content-Length': length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The other side may never close its half.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
