import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import type { Dialect } from '../dialects/dialect.ts';
import { isPasswordHash } from '../model/password.ts';
import { Pattern } from '../model/pattern.ts';
import { ADMIN } from '../model/principal.ts';
import { algorithmsOf } from '../model/signature-algorithms.ts';
import {
  DAY_MS,
  hasTwice,
  list,
  matching,
  named,
  origin,
  pem,
  record,
  rows,
  structure,
  text,
  url,
  whole,
  type ReadText,
} from './forms.ts';

const texts = rows(text());
const patterns = rows(
  text().refine(isPattern, {
    error: 'is not a pattern. Expected type.action.key, each part * or a comma list',
  }),
);

const user = record({
  name: matching(/^[^:\p{Cc}]{1,255}$/u, '1 to 255 characters without colon'),
  password: text().refine(isPasswordHash, {
    error: 'is not a usable hash. Expected what "belfry hash" prints: scrypt:<N>:<r>:<p>:<salt>:<hash>',
  }),
  roles: texts.exactOptional(),
  subscribe: patterns.exactOptional(),
  publish: patterns.exactOptional(),
});

const role = record({ subscribe: patterns.default([]), publish: patterns.default([]) });

/** The claims that every token made by a node carries. */
const CLAIMS = ['exp', 'iat', 'jti', 'sub', 'sid', 'auth_time'] as const;

/**
 * A text that a claim must equal exactly. A space at either end is a typing error, with which every token would be
 * refused.
 */
const claimValue = () =>
  matching(/^\S(?:.*\S)?$/, 'the claim to the letter, with no space or line break at either end');

/** The settings that say who may do what: tokens, users and roles. */
export const accessSettings = (readFile: ReadText, dialects: readonly Dialect[]) => ({
  jwtSecret: text()
    .refine((secret) => Buffer.byteLength(secret) >= 16, {
      error: 'is too short. Expected at least 16 bytes',
    })
    .exactOptional()
    .describe('Secret by which tokens are checked (HS256, HS384, HS512) and made (HS256).'),
  jwtPublicKey: pem(
    readFile,
    'a public key (RSA of 2,048 bits or more, EC P-256/384/521, or Ed25519)',
    isPublicKey,
  )
    .exactOptional()
    .describe('Public key by which tokens are checked: PEM, or the path of a PEM file.'),
  jwksUrl: url(/^https?$/, 'a URL https:// or http:// without user and password')
    .refine((address) => new URL(address).username === '', {
      error: 'holds a user. Expected a URL without one',
    })
    .exactOptional()
    .describe('Where the issuer of tokens publishes its public keys (JWKS).'),
  jwksMaxAgeMs: whole(0, 30 * DAY_MS, DAY_MS).describe(
    'How long the last keys of BELFRY_JWKS_URL are used while it cannot be reached.',
  ),
  jwtIssuer: claimValue().exactOptional().describe('The claim iss that every token must carry.'),
  jwtAudience: claimValue()
    .exactOptional()
    .describe('The value that the claim aud of every token must have, or must contain where it is a list.'),
  jwtRequire: list(z.enum(CLAIMS, { error: `is not such a claim. Expected some of ${CLAIMS.join(', ')}` }))
    .default([])
    .describe(`Claims, comma-separated, that every token must carry: some of ${CLAIMS.join(', ')}.`),
  jwtLeewayS: whole(0, 600, 30).describe(
    'How far the clock of an issuer may be ahead: a token is valid this long before its nbf. Its exp is exact.',
  ),
  users: structure(rows(user))
    .refine((users) => !hasTwice(users.map(({ name }) => name)), {
      error: 'holds a name twice. Expected one entry for each user',
    })
    .default([])
    .describe(
      'Users who sign in with a password: [{name, password: "scrypt:…", roles?, subscribe?, publish?}].',
    ),
  roles: structure(named(role))
    .refine((roles) => !Object.hasOwn(roles, ADMIN), {
      error: 'defines admin, which may do everything already. Expected other names',
    })
    .default({})
    .describe(
      'What each role may: {role: {subscribe: [pattern], publish: [pattern]}}. "admin" may do everything.',
    ),
  anonymous: anonymousSetting(
    dialects.filter(({ isAnonymous = false }) => isAnonymous).map(({ name }) => name),
  ),
  tokenTtlS: whole(1, 365 * 86_400, 3_600).describe(
    'Lifetime of a token made here, when the request names none.',
  ),
  sessionMaxS: whole(60, 365 * 86_400, 7 * 86_400).describe(
    'How long after a sign-in the tokens that are renewed from it are valid at most.',
  ),
  cookie: matching(
    /^[\w!#$%&'*+.^`|~-]+$/,
    "the name of a cookie (RFC 6265): letters, digits and !#$%&'*+-.^_`|~",
  )
    .default('mist_token')
    .describe('Name of the cookie that carries a token to Mist sockets.'),
  nornAllowedOrigins: list(origin())
    .default([])
    .describe('Origins, comma-separated, whose pages may open Norn sockets beside localhost.'),
});

/**
 * The open dialects are those whose documents ask for no token. The others have no event that an anonymous connection
 * may receive.
 */
function anonymousSetting(open: readonly string[]) {
  const form = [...open, 'or none'].join(', ');
  return list(z.enum([...open, 'none'], { error: `is not such a dialect. Expected ${form}` }))
    .refine((names) => names.length === 1 || !names.includes('none'), {
      error: `holds more than none. Expected ${form}`,
    })
    .prefault(open.join(','))
    .transform((names) => open.filter((name) => names.includes(name)))
    .describe(`Dialects, comma-separated, that may be used without a token: ${form}.`);
}

/** A private key could check tokens as well. It is refused, since it would lie on nodes that do not need it. */
function isPublicKey(given: string): boolean {
  return !given.includes('PRIVATE KEY') && algorithmsOf(createPublicKey(given)).length > 0;
}

function isPattern(given: string): boolean {
  try {
    return Pattern.parse(given).size > 0;
  } catch {
    return false;
  }
}
