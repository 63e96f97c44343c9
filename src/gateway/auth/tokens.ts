import { createPublicKey, createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Identity } from '../../model/principal.ts';
import { algorithmsOf, PUBLIC_KEY_ALGORITHMS } from '../../model/signature-algorithms.ts';
import { acceptedClaims, type ClaimRules } from './accepted-claims.ts';
import { identityIn, invalidToken, TokenEnded } from './claims.ts';
import { PublishedKeys, type KeyWanted } from './jwks.ts';
import { TokenCache } from './token-cache.ts';
import { headerOf, noJwt } from './token-header.ts';
import { isCertainlySigned } from './token-signature.ts';

/**
 * The keys by which tokens are checked, and the claims that they must have. Any of the keys may be absent, and all may be
 * there.
 */
export interface TokenSettings {
  readonly jwtSecret?: string;
  /** PEM. */
  readonly jwtPublicKey?: string;
  readonly jwksUrl?: string;
  /** How long keys of that address are used when it cannot be reached. */
  readonly jwksMaxAgeMs?: number;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  /** Claims that every token must carry. */
  readonly jwtRequire?: readonly string[];
  /** How far the clock of an issuer may be ahead. */
  readonly jwtLeewayS?: number;
}

/** One sign-in, and all tokens that are renewed from it. */
export interface SignInSession {
  readonly id: string;
  /** The id of all its tokens. */
  readonly tokenId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** What a token made here says. */
export interface NewToken {
  /** A principal, or the name of a user. */
  readonly subject: string;
  readonly roles: readonly string[];
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
  /** Seconds from now. */
  readonly ttlS: number;
  /** What it renews; absent: it is a sign-in by itself. */
  readonly session?: SignInSession;
}

export interface TokenParts {
  readonly isRevoked?: (identity: Identity) => boolean;
  /** Is told why the issuer's keys could not be fetched. */
  readonly report?: (cause: unknown) => void;
}

/** Keys with the algorithms that they are for: no header can have one used in another way. */
interface Verifier {
  readonly keys: (wanted: KeyWanted) => readonly KeyObject[] | Promise<readonly KeyObject[]>;
  readonly algorithms: readonly string[];
}

const HMAC = ['HS256', 'HS384', 'HS512'];

const JWKS_MAX_AGE_MS = 86_400_000;

/** Checks tokens, and makes them where there is a secret. */
export class Tokens {
  /** Held as a key: jose would import bytes anew for each token. */
  readonly #secret: KeyObject | undefined;
  /** Cheapest first: a key at hand before one that has to be fetched. */
  readonly #verifiers: readonly Verifier[];
  readonly #settings: TokenSettings;
  /** What every token must carry, and those made here do. */
  readonly #issued: { readonly issuer?: string; readonly audience?: string };
  readonly #clock: Pick<Clock, 'now'>;
  readonly #isRevoked: (identity: Identity) => boolean;
  readonly #verified: TokenCache;

  constructor(settings: TokenSettings, clock: Pick<Clock, 'now' | 'elapsed'>, parts: TokenParts = {}) {
    const { jwtSecret, jwtIssuer, jwtAudience } = settings;
    this.#settings = settings;
    this.#secret = jwtSecret === undefined ? undefined : createSecretKey(jwtSecret, 'utf8');
    this.#verifiers = [...verifiersOf(settings, this.#secret, clock, parts.report)];
    this.#issued = {
      ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
      ...(jwtAudience !== undefined && { audience: jwtAudience }),
    };
    this.#clock = clock;
    this.#verified = new TokenCache(clock);
    this.#isRevoked = parts.isRevoked ?? (() => false);
  }

  /**
   * Who the token says this is, with the token's own grants; those of the roles are not in them.
   * @throws BelfryError `token_invalid`, whose message says why and repeats nothing of the token, a {@link TokenEnded}
   * where it was good once; `unavailable` when the issuer's keys cannot be fetched
   */
  async verify(token: string): Promise<Identity> {
    const text = token.trim();
    return this.#accepted(await this.#verified.of(text, async () => identityIn(await this.#claims(text))));
  }

  /**
   * What {@link verify} answers, if it is known at once: the token was checked a moment ago, or it is certain that it was
   * signed with the secret. Otherwise the result is `undefined`. It throws what verify throws.
   */
  verifyNow(token: string): Identity | undefined {
    const text = token.trim();
    const identity = this.#verified.ofNow(text, () => this.#certainly(text));
    return identity && this.#accepted(identity);
  }

  #certainly(token: string): Identity | undefined {
    const { alg, isCritical } = headerOf(token);
    if (this.#secret === undefined || isCritical || !HMAC.includes(alg)) return undefined;
    if (!isCertainlySigned(token, alg, this.#secret)) return undefined;
    const claims = acceptedClaims(payloadOf(token), this.#rules());
    return claims && identityIn(claims);
  }

  /** @throws BelfryError `token_invalid` when a token with a good signature is not accepted */
  #accepted(identity: Identity): Identity {
    if (identity.tokenId === undefined && this.#settings.jwtRequire?.includes('jti'))
      throw invalidToken('its claim jti has the wrong form', 'text of up to 255 characters');
    // The leeway is for the beginning alone: connections are closed when a token ends, and none outlives it.
    const { expiresAt = Number.POSITIVE_INFINITY } = identity;
    if (expiresAt <= this.#clock.now()) throw new TokenEnded('it has expired');
    if (this.#isRevoked(identity)) throw new TokenEnded('it has been revoked');
    return identity;
  }

  /** @throws BelfryError `signing_unavailable` when no secret is configured */
  async sign({ subject, roles, subscribe, publish, ttlS, session }: NewToken): Promise<string> {
    if (this.#secret === undefined) {
      throw new BelfryError(
        'signing_unavailable',
        'This node holds no secret to make tokens with. Expected BELFRY_JWT_SECRET, or a token from your issuer.',
      );
    }
    const now = this.#clock.now();
    const seconds = Math.floor(now / 1_000);
    const id = randomUUID();
    const { id: sid, tokenId, startedAt } = session ?? { id, tokenId: id, startedAt: now };
    const { issuer, audience } = this.#issued;
    const own = { ...(subscribe && { subscribe }), ...(publish && { publish }) };
    const token = new SignJWT({ roles, ...own, sid, auth_time: startedAt / 1_000 })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(subject)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ttlS)
      .setJti(tokenId);
    if (issuer !== undefined) token.setIssuer(issuer);
    if (audience !== undefined) token.setAudience(audience);
    return token.sign(this.#secret);
  }

  /** The claims of a token with a good signature, whose time has begun and is not over by more than the leeway. */
  async #claims(token: string): Promise<unknown> {
    const wanted = headerOf(token);
    const options = this.#rules();
    let isAccepted = false;
    for (const { keys, algorithms } of this.#verifiers) {
      if (!algorithms.includes(wanted.alg)) continue;
      isAccepted = true;
      for (const key of await keys(wanted)) {
        try {
          if (!wanted.isCritical && isCertainlySigned(token, wanted.alg, key))
            return claimsIn(token, options);
          return (await jwtVerify(token, key, { ...options, algorithms: [...algorithms] })).payload;
        } catch (error) {
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw this.#refusal(error);
        }
      }
    }
    throw this.#refusal(
      isAccepted ? new errors.JWSSignatureVerificationFailed() : new errors.JOSEAlgNotAllowed(),
    );
  }

  #rules(): ClaimRules {
    const { jwtRequire = [], jwtLeewayS = 0 } = this.#settings;
    return {
      ...this.#issued,
      requiredClaims: [...jwtRequire],
      clockTolerance: jwtLeewayS,
      currentDate: new Date(this.#clock.now()),
    };
  }

  #refusal(failure: unknown): BelfryError {
    if (failure instanceof errors.JOSEAlgNotAllowed) {
      const accepted = new Set(this.#verifiers.flatMap(({ algorithms }) => algorithms));
      return invalidToken('it is signed by an algorithm that is not accepted here', [...accepted].join(', '));
    }
    if (failure instanceof errors.JWTExpired) return new TokenEnded('it has expired');
    if (failure instanceof errors.JWTClaimValidationFailed) {
      const required = ['exp and nbf in seconds that hold now', 'the configured iss and aud'];
      const { jwtRequire = [] } = this.#settings;
      if (jwtRequire.length > 0)
        required.push(`those that BELFRY_JWT_REQUIRE names (${jwtRequire.join(', ')})`);
      return invalidToken(`its claim ${failure.claim} is missing or not acceptable`, required.join(', '));
    }
    if (failure instanceof errors.JWSInvalid || failure instanceof errors.JWTInvalid) return noJwt();
    return invalidToken('its signature fits no key of this hub', 'a token of an issuer that the hub trusts');
  }
}

function* verifiersOf(
  { jwtPublicKey, jwksUrl: url, jwksMaxAgeMs: maxAgeMs = JWKS_MAX_AGE_MS }: TokenSettings,
  secret: KeyObject | undefined,
  clock: Pick<Clock, 'elapsed'>,
  report: (cause: unknown) => void = () => {},
): Iterable<Verifier> {
  if (secret !== undefined) yield { keys: () => [secret], algorithms: HMAC };
  if (jwtPublicKey !== undefined) {
    const key = createPublicKey(jwtPublicKey);
    yield { keys: () => [key], algorithms: algorithmsOf(key) };
  }
  if (url !== undefined) {
    const published = new PublishedKeys({ url, maxAgeMs, clock, report });
    yield { keys: (wanted) => published.matching(wanted), algorithms: PUBLIC_KEY_ALGORITHMS };
  }
}

/** A header without a signature (RFC 7519, 6.1). */
const UNSECURED = Buffer.from('{"alg":"none"}').toString('base64url');

/** The claims of a token whose signature was checked, by the rules that jose has for them. */
function claimsIn(token: string, rules: ClaimRules): unknown {
  const payload = payloadOf(token);
  return acceptedClaims(payload, rules) ?? UnsecuredJWT.decode(`${UNSECURED}.${payload}.`, rules).payload;
}

function payloadOf(token: string): string {
  return token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'));
}
