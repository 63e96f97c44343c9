import { decodeProtectedHeader } from 'jose';
import { bound } from '../../model/bound.ts';
import type { BelfryError } from '../../model/errors.ts';
import { invalidToken } from './claims.ts';
import type { KeyWanted } from './jwks.ts';

/** `isCritical` says that the header has extensions that must be understood (RFC 7515, 4.1.11), as only jose does. */
export type TokenHeader = KeyWanted & { readonly isCritical: boolean };

const MAX_HEADERS = bound(
  'headers of tokens that a node knows',
  100,
  'entries',
  'all are forgotten, and read again when they are needed',
);
/** All tokens that an issuer makes with one key have the same header. */
const headers = new Map<string, TokenHeader>();

/** Which key a token wants, by its header. @throws BelfryError `token_invalid` when it is no JWT */
export function headerOf(token: string): TokenHeader {
  const header = token.slice(0, token.indexOf('.'));
  let wanted = headers.get(header);
  if (wanted !== undefined) return wanted;
  try {
    const { alg = '', kid, crit } = decodeProtectedHeader(token);
    wanted = { alg, kid: typeof kid === 'string' ? kid : undefined, isCritical: crit !== undefined };
  } catch {
    throw noJwt();
  }
  if (headers.size >= MAX_HEADERS) headers.clear();
  // A copy, since the text is a part of a longer one that it would keep.
  headers.set(Buffer.from(header).toString(), wanted);
  return wanted;
}

export function noJwt(): BelfryError {
  return invalidToken('it is no JWT', 'three parts of base64url, joined by dots');
}
