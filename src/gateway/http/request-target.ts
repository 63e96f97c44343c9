/** What a request is about: its target in one form, its only host, and its user agent. */
import type { IncomingMessage } from 'node:http';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';

const HOST = 'host';
const ABSOLUTE_FORM = /^(?:https?|wss?):\/\/([^/?#]*)/i;
/** A target that stays as it is, as nearly every one does. */
const ONE_FORM = /^\/[^%?#]*(?:\?[^#]*)?$/;
/** Percent codes of letters, digits, `-`, `.`, `_` and `~`. */
const NEEDLESSLY_ENCODED = /%(?:2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/gi;

/**
 * Rewrites a target into the one form that all other code reads. A proxy may send the absolute form (`GET
 * http://host/path`), and every server must accept it. The host of that form counts instead of the Host header (RFC
 * 9112, 3.2.2). In the path, characters that need no encoding mean the same with and without it (RFC 9110, 4.2.3). A
 * fragment has no meaning here.
 */
export function toOneForm(request: Pick<IncomingMessage, 'url' | 'headers'>): void {
  const { url = '/' } = request;
  if (ONE_FORM.test(url)) return;
  const [start, authority] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority !== undefined) request.headers.host = authority.slice(authority.lastIndexOf('@') + 1);
  const [rest = ''] = url.slice(start?.length ?? 0).split('#', 1);
  const target = start === undefined || rest.startsWith('/') ? rest : `/${rest}`;
  request.url = target.replace(/^[^?]*/, (path) => path.replaceAll(NEEDLESSLY_ENCODED, decodeURIComponent));
}

/**
 * Refuses a request with several Host headers, since a proxy in front of the node may have read another one of them
 * than the node (RFC 9112, 3.2). Node itself checks a request without any, which HTTP/1.0 permits. @throws BelfryError
 * `request_invalid`
 */
export function checkHost({ rawHeaders }: { readonly rawHeaders: readonly string[] }): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts++;
  }
  if (hosts <= 1) return;
  throw new BelfryError('request_invalid', 'The request has more than one Host header. Expected one.');
}

/** The path and query of a request, without regard to its Host header. */
export function targetOf({ url = '/' }: { readonly url?: string | undefined }): Target {
  return new Target(url);
}

class Target {
  readonly path: string;
  readonly #query: string;

  constructor(url: string) {
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.#query = mark < 0 ? '' : url.slice(mark + 1);
  }

  /** The first value of a parameter. Without any parameters, as most publishers ask, there is nothing to parse. */
  parameter(name: string): string | undefined {
    return this.#query === '' ? undefined : (this.query.get(name) ?? undefined);
  }

  /** It is parsed each time, and so only for those that read it. */
  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }
}

const USER_AGENT_MAX = bound(
  'user agent that the list of connections shows',
  200,
  'characters',
  'it is cut there',
);

export function userAgentOf({
  headers,
}: {
  readonly headers: { readonly 'user-agent'?: string | undefined };
}): string {
  return headers['user-agent']?.slice(0, USER_AGENT_MAX) ?? '';
}
