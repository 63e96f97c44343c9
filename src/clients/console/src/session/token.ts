interface Claims {
  readonly iat?: number;
  readonly exp?: number;
  readonly sid?: string;
}

/** Whether a hub made this token for a user that it knows, and so makes another one. */
export function isOwnToken(token: string): boolean {
  return typeof claimsOf(token).sid === 'string';
}

/** Which part of its life a token has before it, from 0 to 1. A token without an end has all of it. */
export function remainingPart(token: string, nowMs: number): number {
  const { iat, exp } = claimsOf(token);
  if (iat === undefined || exp === undefined) return 1;
  return (exp - nowMs / 1_000) / (exp - iat);
}

/** What a token says of itself. Only the hub checks whether that is true. */
function claimsOf(token: string): Claims {
  const body = token.split('.')[1] ?? '';
  try {
    return (JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/'))) ?? {}) as Claims;
  } catch {
    return {};
  }
}
