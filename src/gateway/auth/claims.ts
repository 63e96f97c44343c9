import { z } from 'zod';
import { BelfryError } from '../../model/errors.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { asPrincipal, Grants, type Identity } from '../../model/principal.ts';

/** The latest second that a Date can hold. */
const LATEST_S = 8_640_000_000_000;

/** A list of patterns. `null` means the same as an absent list. */
const grants = z
  .array(z.string())
  .nullish()
  .transform((texts, ctx) => {
    if (texts === undefined || texts === null) return undefined;
    try {
      return Grants.parse(texts);
    } catch {
      ctx.addIssue({ code: 'custom', message: 'not patterns' });
      return z.NEVER;
    }
  });

const name = z.string().regex(/^\P{Cc}{1,255}$/u);
/** An id by RFC 7519. A claim that is none counts as absent, since nothing could be revoked by it. */
const id = name.optional().catch(undefined);
/** A number of seconds, which may have a fraction (RFC 7519, 2). */
const seconds = z.number().optional();
/** A subject. Some issuers write a number for a person. */
const subject = z.union([name, z.int().transform(String)]);

/** The names of roles. The claim `role` of the Provisioning Platform is a list. */
const roleNames = z
  .union([z.array(z.string()), z.string().transform((role) => [role])])
  .nullish()
  .transform((roles) => roles ?? []);

/** The claims that name the principal of a token. */
interface Subject {
  readonly sub?: string | null | undefined;
  readonly user_id?: number | undefined;
  readonly email?: string | undefined;
  readonly client_id?: string | undefined;
  readonly azp?: string | undefined;
}

const claimsSchema = z
  .object({
    sub: subject.nullish(),
    // A token of Mist has no sub, and names its principal by these claims. In other tokens they may hold anything.
    user_id: z.int().optional().catch(undefined),
    email: id,
    // A token without a person behind it names its program by these claims (RFC 9068, OpenID Connect).
    client_id: id,
    azp: id,
    role: roleNames,
    roles: roleNames,
    jti: id,
    sid: id,
    exp: seconds,
    iat: seconds.catch(undefined),
    auth_time: seconds.catch(undefined),
    subscribe: grants,
    publish: grants,
  })
  .refine((claims) => whoIs(claims) !== undefined, { path: ['sub'] });

type Claims = z.infer<typeof claimsSchema>;

/** A name that needs no look at Unicode. */
const PLAIN_NAME = /^[ -~]{1,255}$/;

/**
 * The claims of most tokens, in the form that the schema gives them; otherwise `undefined`, and the schema is to say what they
 * are or what is wrong. It costs several times as much.
 */
export function plainClaims(payload: unknown): Claims | undefined {
  if (!isJsonObject(payload)) return undefined;
  const { sub, role, roles, jti, sid, exp, iat, auth_time, subscribe, publish } = payload;
  if (typeof sub !== 'string' || !PLAIN_NAME.test(sub)) return undefined;
  if (role !== undefined || !isPlainList(roles) || subscribe !== undefined || publish !== undefined)
    return undefined;
  if (!isPlainId(jti) || !isPlainId(sid)) return undefined;
  if (!isPlainTime(exp) || !isPlainTime(iat) || !isPlainTime(auth_time)) return undefined;
  return { sub, role: [], roles: roles ?? [], jti, sid, exp, iat, auth_time, subscribe, publish };
}

function isPlainList(value: Json | undefined): value is string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function isPlainId(value: Json | undefined): value is string | undefined {
  return value === undefined || (typeof value === 'string' && PLAIN_NAME.test(value));
}

function isPlainTime(value: Json | undefined): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

/**
 * The identity that the claims of a token state, with the grants of the token itself but without those of its roles.
 * @throws BelfryError `token_invalid`
 */
export function identityIn(payload: unknown): Identity {
  const claims = plainClaims(payload) ?? checkedClaims(payload);
  const { sub, user_id, role, roles, jti, sid, exp, iat, auth_time, subscribe, publish } = claims;
  // An admin of Mist is not an admin of the hub.
  const isOfMist = sub == null && user_id !== undefined;
  return {
    principal: whoIs(claims) ?? '',
    roles: isOfMist ? [] : [...role, ...roles],
    subscribe: subscribe ?? Grants.none,
    publish: publish ?? Grants.none,
    ...((subscribe ?? publish) !== undefined && { limited: true }),
    ...(exp !== undefined && { expiresAt: Math.floor(Math.min(exp, LATEST_S) * 1_000) }),
    ...(jti !== undefined && { tokenId: jti }),
    ...(sid !== undefined && { sessionId: sid }),
    signedInAt: (auth_time ?? iat ?? 0) * 1_000,
  };
}

/** @throws BelfryError `token_invalid` */
export function checkedClaims(payload: unknown): Claims {
  const parsed = claimsSchema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const claims = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
  throw invalidToken(
    `these claims are missing or have the wrong form: ${[...claims].join(', ')}`,
    'sub (text), role and roles (text or texts), subscribe and publish (lists of type.action.key)',
  );
}

function whoIs({ sub, user_id, email, client_id, azp }: Subject): string | undefined {
  if (sub != null) return asPrincipal(sub);
  if (user_id !== undefined) return `user:${email ?? user_id}`;
  const program = client_id ?? azp;
  return program === undefined ? undefined : `client:${program}`;
}

export function invalidToken(why: string, expected: string): BelfryError {
  return new BelfryError('token_invalid', `The token is not valid: ${why}. Expected ${expected}.`);
}

/** The token was valid once. Its client may come back with another token. */
export class TokenEnded extends BelfryError {
  constructor(why: string) {
    super('token_invalid', `The token is not valid: ${why}. Expected a fresh one.`);
  }
}
