/** What a request asks for: its target in one form, its one host, its user agent. */
import type { IncomingMessage } from 'node:http';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';

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
