import { createPublicKey, createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  SignJWT,
  type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import { asPrincipal, Grants, type Identity } from '../model/principal.ts';
import { algorithmsOf, PUBLIC_KEY_ALGORITHMS } from '../model/signature.ts';

/** By which keys tokens are checked, and what they must say. Any of the keys may be absent, and all may be there. */
export interface TokenSettings {
  readonly jwtSecret?: string;
  /** PEM. */
  readonly jwtPublicKey?: string;
  readonly jwksUrl?: string;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
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
}

/** A key with the algorithms that it is for: no header can have it used in another way. */
interface Verifier {
  readonly key: KeyObject | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

const HMAC = ['HS256', 'HS384', 'HS512'];
const NO_JWT = 'it is no JWT';
const A_JWT = 'three parts of base64url, joined by dots';

const JWKS_TIMEOUT_MS = 5_000;

const grants = z
  .array(z.string())
  .default([])
  .transform((texts, ctx) => {
    try {
      return Grants.parse(texts);
    } catch {
      ctx.addIssue({ code: 'custom', message: 'not patterns' });
      return z.NEVER;
    }
  });

const name = z.string().regex(/^\P{Cc}{1,255}$/u);

/** The Provisioning Platform's claim `role` is a list. */
const roleNames = z.union([z.array(z.string()), z.string().transform((role) => [role])]).default([]);

const claimsSchema = z
  .object({
    sub: name.optional(),
    // By these a token of Mist's says who it is, which has no sub. Elsewhere they may hold anything.
    user_id: z.int().optional().catch(undefined),
    email: name.optional().catch(undefined),
    role: roleNames,
    roles: roleNames,
    /** What is no id by RFC 7519 is none here: such a token cannot be revoked. */
    jti: name.optional().catch(undefined),
    /** Within what a Date can hold. */
    exp: z.number().max(8_640_000_000_000).optional(),
    subscribe: grants,
    publish: grants,
  })
  .refine(({ sub, user_id: id }) => sub !== undefined || id !== undefined, { path: ['sub'] });

/** Checks tokens, and makes them where there is a secret. */
export class Tokens {
  /** Held as a key: jose would import bytes anew for each token. */
  readonly #secret: KeyObject | undefined;
  /** Cheapest first: a key at hand before one that has to be fetched. */
  readonly #verifiers: readonly Verifier[];
  /** What every token must carry, and those made here do. */
  readonly #issued: { readonly issuer?: string; readonly audience?: string };
  readonly #clock: Pick<Clock, 'now'>;
  readonly #isRevoked: (tokenId: string) => boolean;

  constructor(
    settings: TokenSettings,
    clock: Pick<Clock, 'now'>,
    isRevoked: (tokenId: string) => boolean = () => false,
  ) {
    const { jwtSecret, jwtIssuer, jwtAudience } = settings;
    this.#secret = jwtSecret === undefined ? undefined : createSecretKey(jwtSecret, 'utf8');
    this.#verifiers = [...verifiersOf(settings, this.#secret)];
    this.#issued = {
      ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
      ...(jwtAudience !== undefined && { audience: jwtAudience }),
    };
    this.#clock = clock;
    this.#isRevoked = isRevoked;
  }

  /**
   * Who the token says this is, with the token's own grants; those of the roles are not in them.
   * @throws BelfryError `token_invalid`, whose message says why and repeats nothing of the token; `unavailable` when
   * the issuer's keys cannot be fetched
   */
  async verify(token: string): Promise<Identity> {
    const parsed = claimsSchema.safeParse(await this.#claims(token));
    if (!parsed.success) {
      const claims = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
      throw invalid(
        `these claims are missing or have the wrong form: ${[...claims].join(', ')}`,
        'sub (text), role and roles (text or texts), subscribe and publish (lists of type.action.key)',
      );
    }
    const { sub, user_id: id, email, role, roles, jti, exp, subscribe, publish } = parsed.data;
    if (jti !== undefined && this.#isRevoked(jti)) throw invalid('it has been revoked', 'another one');
    return {
      ...(sub === undefined
        ? // An admin of Mist is not one of the hub.
          { principal: `user:${email ?? id}`, roles: [] }
        : { principal: asPrincipal(sub), roles: [...role, ...roles] }),
      subscribe,
      publish,
      ...(exp !== undefined && { expiresAt: exp * 1_000 }),
      ...(jti !== undefined && { tokenId: jti }),
    };
  }

  /** @throws BelfryError `signing_unavailable` when no secret is configured */
  async sign({ subject, roles, subscribe, publish, ttlS }: NewToken): Promise<string> {
    if (this.#secret === undefined) {
      throw new BelfryError(
        'signing_unavailable',
        'This node holds no secret to make tokens with. Expected BELFRY_JWT_SECRET, or a token from your issuer.',
      );
    }
    const now = Math.floor(this.#clock.now() / 1_000);
    const { issuer, audience } = this.#issued;
    const token = new SignJWT({ roles, ...(subscribe && { subscribe }), ...(publish && { publish }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(subject)
      .setIssuedAt(now)
      .setExpirationTime(now + ttlS)
      .setJti(randomUUID());
    if (issuer !== undefined) token.setIssuer(issuer);
    if (audience !== undefined) token.setAudience(audience);
    return token.sign(this.#secret);
  }

  /** The claims of a token with a good signature and in its time. */
  async #claims(token: string): Promise<unknown> {
    const algorithm = algorithmIn(token);
    const fitting = this.#verifiers.filter(({ algorithms }) => algorithms.includes(algorithm));
    let failure: unknown;
    for (const { key, algorithms } of fitting) {
      try {
        const currentDate = new Date(this.#clock.now());
        const options = { ...this.#issued, algorithms: [...algorithms], currentDate };
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        failure = error;
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw this.#refusal(failure ?? new errors.JOSEAlgNotAllowed());
  }

  #refusal(failure: unknown): BelfryError {
    if (failure instanceof BelfryError) return failure;
    if (failure instanceof errors.JOSEAlgNotAllowed) {
      const accepted = new Set(this.#verifiers.flatMap(({ algorithms }) => algorithms));
      return invalid('it is signed by an algorithm that is not accepted here', [...accepted].join(', '));
    }
    if (failure instanceof errors.JWTExpired) return invalid('it has expired', 'a fresh one');
    if (failure instanceof errors.JWTClaimValidationFailed) {
      const names = 'exp and nbf in seconds that hold now, and the configured iss and aud';
      return invalid(`its claim ${failure.claim} is missing or not acceptable`, names);
    }
    if (failure instanceof errors.JWSInvalid || failure instanceof errors.JWTInvalid)
      return invalid(NO_JWT, A_JWT);
    return invalid('its signature fits no key of this hub', 'a token of an issuer that the hub trusts');
  }
}

function* verifiersOf(settings: TokenSettings, secret: KeyObject | undefined): Iterable<Verifier> {
  const { jwtPublicKey, jwksUrl } = settings;
  if (secret !== undefined) yield { key: secret, algorithms: HMAC };
  if (jwtPublicKey !== undefined) {
    const key = createPublicKey(jwtPublicKey);
    yield { key, algorithms: algorithmsOf(key) };
  }
  if (jwksUrl !== undefined) {
    yield { key: published(new URL(jwksUrl)), algorithms: PUBLIC_KEY_ALGORITHMS };
  }
}

/** The keys at an address, fetched when needed and kept for ten minutes; an unknown one asks again, every 30 s at most. */
function published(address: URL): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(address, { timeoutDuration: JWKS_TIMEOUT_MS });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys } = errors;
      if (cause instanceof JWKSNoMatchingKey || cause instanceof JWKSMultipleMatchingKeys) throw cause;
      throw new BelfryError(
        'unavailable',
        'The keys of the issuer of tokens cannot be fetched. Expected a JWKS at BELFRY_JWKS_URL; try again later.',
        { cause },
      );
    }
  };
}

function algorithmIn(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? '';
  } catch {
    throw invalid(NO_JWT, A_JWT);
  }
}

function invalid(why: string, expected: string): BelfryError {
  return new BelfryError('token_invalid', `The token is not valid: ${why}. Expected ${expected}.`);
}
