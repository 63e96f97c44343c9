import { createHmac } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** Seconds for which a token is good unless a check asks for another time. */
const TTL_S = 600;

/** Makes JWTs with the secret of the server, which its own issuer would sign with HS256. */
export class TokenMaker {
  readonly #secret: string;
  /** The claims of the token that the user gave, or of somebody who may do everything. */
  readonly #claims: Claims;

  constructor(secret: string, given: string | undefined) {
    this.#secret = secret;
    this.#claims = claimsOf(given) ?? {
      sub: 'user:conformance',
      user_id: 1,
      email: 'conformance@localhost',
      role: 'admin',
      roles: ['admin'],
    };
  }

  /** A token with the usual claims and these instead. A claim that is `undefined` is left out. */
  make(claims: Claims = {}, ttlS = TTL_S): string {
    const now = Math.floor(Date.now() / 1_000);
    const body = { ...this.#claims, iat: now, exp: now + ttlS, ...claims };
    const signed = [{ alg: 'HS256', typ: 'JWT' }, body]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${signed}.${createHmac('sha256', this.#secret).update(signed).digest('base64url')}`;
  }
}

/** The claims of a JWT, which are not checked, or `undefined` where it is none. */
function claimsOf(token: string | undefined): Claims | undefined {
  const [, body = ''] = token?.split('.') ?? [];
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    // Another id would be that of the given token, which may be revoked, and `nbf` may be later than now.
    return typeof claims === 'object' && claims !== null
      ? { ...claims, jti: undefined, nbf: undefined }
      : undefined;
  } catch {
    return undefined;
  }
}
