import { SignJWT, type JWTPayload } from 'jose';
import { Tokens, type TokenSettings } from '../../src/gateway/auth/tokens.ts';
import { BelfryError } from '../../src/model/errors.ts';

export const NOW_S = 1_700_000_000;
/** A clock that stands still at {@link NOW_S}, except for the time that a test lets pass. */
export const clock = { now: () => NOW_S * 1_000, elapsed: () => 0 };
export const SECRET = 'the secret of this test, long enough';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

type Signed = { key?: Parameters<SignJWT['sign']>[0]; alg?: string; kid?: string; typ?: string };

export function tokenOf(
  claims: JWTPayload,
  { key = bytes(SECRET), alg = 'HS256', kid, typ }: Signed = {},
): Promise<string> {
  const header = { alg, ...(kid !== undefined && { kid }), ...(typ !== undefined && { typ }) };
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** The refusal of the token. It throws when there is none, or when the refusal repeats a part of the token. */
export async function refusal(settings: TokenSettings, token: string): Promise<BelfryError> {
  const verdict: unknown = await new Tokens(settings, clock).verify(token).catch((error: unknown) => error);
  if (!(verdict instanceof BelfryError)) throw new Error('the token was not refused', { cause: verdict });
  const echo = token.split('.').find((part) => part.length > 8 && verdict.message.includes(part));
  if (echo !== undefined) throw new Error(`the message repeats ${echo}`);
  return verdict;
}
