import { isUtf8 } from 'node:buffer';
import type { JWTClaimVerificationOptions } from 'jose';
import { isJsonObject, type Json } from '../../model/json.ts';

/** The rules of a hub for claims, as jose takes them. */
export interface ClaimRules extends Pick<JWTClaimVerificationOptions, 'issuer' | 'audience'> {
  readonly requiredClaims: string[];
  readonly clockTolerance: number;
  readonly currentDate: Date;
}

/**
 * The claims of a payload that certainly keeps the rules (RFC 7519, 4.1). Otherwise the result is `undefined`, and jose is to
 * say what is wrong, if anything is: it takes several times as long.
 * @param payload base64url
 */
export function acceptedClaims(
  payload: string,
  rules: ClaimRules,
): Readonly<Record<string, Json>> | undefined {
  const claims = objectIn(payload);
  if (claims === undefined) return undefined;
  const { issuer, audience, requiredClaims, clockTolerance, currentDate } = rules;
  const nowS = Math.floor(currentDate.getTime() / 1_000);
  const { iss, aud, exp = Number.POSITIVE_INFINITY, nbf = 0, iat = 0 } = claims;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') return undefined;
  const isNow = nbf <= nowS + clockTolerance && exp > nowS - clockTolerance;
  const isFrom = issuer === undefined || iss === issuer;
  const isFor = audience === undefined || aud === audience;
  if (!isNow || !isFrom || !isFor) return undefined;
  return requiredClaims.every((name) => Object.hasOwn(claims, name)) ? claims : undefined;
}

function objectIn(payload: string): Readonly<Record<string, Json>> | undefined {
  // A last group of one character is no base64url.
  if (payload.length % 4 === 1) return undefined;
  const bytes = Buffer.from(payload, 'base64url');
  if (!isUtf8(bytes)) return undefined;
  try {
    const claims = JSON.parse(bytes.toString()) as Json;
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
