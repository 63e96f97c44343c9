import { isUtf8 } from 'node:buffer';
import { BelfryError } from '../model/errors.ts';

/** What a client shows of itself, not yet checked. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly name: string; readonly password: string };

/** Standard alphabet with padding, as Go's `base64.StdEncoding` reads it. */
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/**
 * The credentials of a request by Digital Rebar Provision's rule: an `Authorization` header wins over the query, its
 * scheme is exactly `Basic` or `Bearer`; a `token` (or `Token`) of the query is `user:password` when it holds a colon,
 * which no JWT does, else a token.
 * @throws BelfryError `credentials_missing` or `credentials_malformed`; the message repeats nothing of them
 */
export function credentialsOf(request: {
  authorization?: string | undefined;
  query: URLSearchParams;
}): Credentials {
  const { authorization, query } = request;
  if (authorization) return fromHeader(authorization);
  const token = query.get('token') || query.get('Token');
  if (!token) {
    const expected = 'Expected "Authorization: Bearer <token>", "Authorization: Basic …" or ?token=<token>.';
    throw new BelfryError('credentials_missing', `The request carries no credentials. ${expected}`);
  }
  return token.includes(':') ? userAndPassword(token) : { kind: 'bearer', token };
}

function fromHeader(header: string): Credentials {
  const space = header.indexOf(' ');
  const scheme = header.slice(0, Math.max(space, 0));
  const value = header.slice(space + 1);
  if (scheme === 'Bearer' && value !== '') return { kind: 'bearer', token: value };
  if (scheme !== 'Basic')
    throw malformed('its scheme is neither Basic nor Bearer, or nothing follows the scheme');
  const bytes = Buffer.from(value, 'base64');
  if (!BASE64.test(value) || !isUtf8(bytes)) throw malformed('what follows Basic is not base64 of UTF-8');
  const pair = bytes.toString('utf8');
  if (!pair.includes(':')) throw malformed('Basic holds no colon between user and password');
  return userAndPassword(pair);
}

/** The first colon ends the name; a password may hold more. */
function userAndPassword(pair: string): Credentials {
  const colon = pair.indexOf(':');
  return { kind: 'basic', name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function malformed(why: string): BelfryError {
  return new BelfryError(
    'credentials_malformed',
    `The Authorization header cannot be read: ${why}. Expected "Bearer <token>" or "Basic <base64 of user:password>".`,
  );
}

/** The value of a cookie in a `Cookie` header; `undefined` when it is not there or empty. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      return pair.slice(equals + 1).trim() || undefined;
  }
  return undefined;
}
