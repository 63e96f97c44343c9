import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../dialects/dialect.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import { SECURITY_HEADERS } from '../http/security-headers.ts';
import { bound } from '../../model/bound.ts';

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

const ABSOLUTE_FORM = /^(?:https?|wss?):\/\/([^/?#]*)/i;
/** Letters, digits, `-`, `.`, `_` and `~`. */
const NEEDLESSLY_ENCODED = /%(?:2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/gi;

/**
 * Rewrites a target into the one form that everything else here reads. In absolute form (`GET http://host/path`), which
 * proxies may send and every server must take, the host that it names counts instead of the Host header (RFC 9112, 3.2.2).
 * In the path, what need not be encoded means the same as when it is not (RFC 9110, 4.2.3). A fragment has no meaning here.
 */
export function toOneForm(request: Pick<IncomingMessage, 'url' | 'headers'>): void {
  const { url = '/' } = request;
  const [start, authority] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority !== undefined) request.headers.host = authority.slice(authority.lastIndexOf('@') + 1);
  const [rest = ''] = url.slice(start?.length ?? 0).split('#', 1);
  const target = start === undefined || rest.startsWith('/') ? rest : `/${rest}`;
  request.url = target.replace(/^[^?]*/, (path) => path.replaceAll(NEEDLESSLY_ENCODED, decodeURIComponent));
}

/**
 * A proxy before the node may have read another of several Host headers than the node (RFC 9112, 3.2). A request without
 * one, which HTTP/1.0 allows, is judged by Node itself. @throws BelfryError `request_invalid`
 */
export function checkHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  const hosts = rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host');
  if (hosts.length <= 1) return;
  throw new BelfryError('request_invalid', 'The request has more than one Host header. Expected one.');
}

/** Path and query of a request, whatever its Host says. */
export function targetOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

const USER_AGENT_MAX = bound(
  'user agent that the list of connections shows',
  200,
  'characters',
  'it is cut there',
);

export function userAgentOf({ headers }: IncomingMessage): string {
  return headers['user-agent']?.slice(0, USER_AGENT_MAX) ?? '';
}

/**
 * Takes a handshake that offers more than this server has (RFC 6455, 4.2.1), of which ws only reads the plain form, and
 * subprotocols with nothing between two commas, which a list may have (RFC 9110, 5.6.1.2).
 */
export function choose({ headers }: IncomingMessage): void {
  const { 'sec-websocket-protocol': subprotocols } = headers;
  const offered = subprotocols
    ?.split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  if (offered?.length === 0) delete headers['sec-websocket-protocol'];
  else if (offered !== undefined) headers['sec-websocket-protocol'] = offered.join();
  if (offers(headers.upgrade, 'websocket')) headers.upgrade = 'websocket';
  if (offers(headers['sec-websocket-version'], '13')) headers['sec-websocket-version'] = '13';
}

/** Whether a list in a header names this, in upper or lower case. */
export function offers(list: string | undefined, name: string): boolean {
  return list?.split(',').some((each) => each.trim().toLowerCase() === name) ?? false;
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
  const all = { ...SECURITY_HEADERS, Connection: 'close', 'Content-Length': length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The other side may never close its half.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
