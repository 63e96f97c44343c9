import { isUtf8 } from 'node:buffer';
import { BelfryError } from '../../model/errors.ts';

/** The credentials that a client sends, before they are checked. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly name: string; readonly password: string };

/** Base64 of either alphabet, with or without padding. */
const BASE64 = /^[\w+/-]+={0,2}$/;
const SCHEME = /^([\w-]+)[ \t]+(\S.*)$/;

/** Names of query parameters that may hold a token: those of DRP's documents, and the one of RFC 6750. */
const TOKEN_PARAMETERS = ['token', 'Token', 'access_token'] as const;

/** A page in a browser can set no header, but it can name subprotocols. The text after this prefix is a token. */
export const TOKEN_PROTOCOL = 'belfry.token.';

/**
 * The error is made once. A flood of requests without credentials ends here, and making an error costs as much as the
 * rest of the check.
 */
const MISSING = new BelfryError(
  'credentials_missing',
  'The request carries no credentials. Expected "Authorization: Bearer <token>", "Authorization: Basic …" or ?token=<token>.',
);

/** The places of a request that may carry credentials. */
export interface Carrier {
  readonly authorization?: string | undefined;
  /** `Sec-WebSocket-Protocol`, if it may hold a token. */
  readonly protocols?: string | undefined;
  readonly query: URLSearchParams;
}

/** Whether the request has any credentials, good or bad. */
export function carriesCredentials(carrier: Carrier): boolean {
  return Boolean(carrier.authorization?.trim() || tokenOffered(carrier) || tokenAsked(carrier));
}

/**
 * The credentials of a request by the rule of Digital Rebar Provision. An `Authorization` header takes precedence over
 * the query. Its scheme is `Basic` or `Bearer` in any letter case. A token in the query that holds a colon, which no
 * JWT does, is `user:password`. A token among the subprotocols of a handshake comes after the header and before the
 * query.
 * @throws BelfryError `credentials_missing` or `credentials_malformed`; the message repeats nothing of them
 */
export function credentialsOf(carrier: Carrier): Credentials {
  const { authorization = '' } = carrier;
  if (authorization.trim() !== '') return fromHeader(authorization.trim());
  const offered = tokenOffered(carrier);
  if (offered !== undefined) return { kind: 'bearer', token: offered };
  const token = tokenAsked(carrier);
  if (token === undefined) throw MISSING;
  return token.includes(':') ? userAndPassword(token) : { kind: 'bearer', token };
}

function tokenOffered({ protocols = '' }: Carrier): string | undefined {
  if (protocols === '') return undefined;
  const offered = protocols.split(',').map((each) => each.trim());
  return offered.find((each) => each.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
}

function tokenAsked({ query }: Carrier): string | undefined {
  for (const name of TOKEN_PARAMETERS) {
    const token = query.get(name)?.trim();
    if (token) return token;
  }
  return undefined;
}

function fromHeader(header: string): Credentials {
  const [, scheme = '', value = ''] = SCHEME.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: value };
  if (scheme.toLowerCase() !== 'basic')
    throw malformed('its scheme is neither Basic nor Bearer, or nothing follows the scheme');
  if (!BASE64.test(value)) throw malformed('what follows Basic is not base64');
  const bytes = Buffer.from(value, 'base64');
  // Shells and older clients send bytes in their own encoding, which is mostly Latin-1.
  const pair = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  if (!pair.includes(':')) throw malformed('Basic holds no colon between user and password');
  return userAndPassword(pair);
}

/** The first colon ends the name, since a password may hold further colons. */
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

/**
 * The value of a cookie in a `Cookie` header, without quotes (RFC 6265, 4.1.1), or `undefined` when it is absent or
 * empty.
 */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      return (
        pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1') || undefined
      );
  }
  return undefined;
}
