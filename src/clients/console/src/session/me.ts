import { partsOf, partsOverlap } from '../../../../model/pattern-parts.ts';

/** Who is signed in, as `GET /api/v3/me` answers. */
export interface Me {
  readonly principal: string;
  readonly roles: readonly string[];
  /** The patterns that may be heard. */
  readonly subscribe: readonly string[];
  /** The patterns that may be published. */
  readonly publish: readonly string[];
  /** When the token expires, as RFC 3339, or `null`. */
  readonly expiresAt: string | null;
}

export function isAdmin({ roles }: Me): boolean {
  return roles.includes('admin');
}

/** Whether an event that matches this pattern could be heard. */
export function mayHear({ subscribe }: Me, pattern: string): boolean {
  return subscribe.some((grant) => overlap(grant, pattern));
}

/** Whether an event that matches this pattern could be published. */
export function mayPublish({ publish }: Me, pattern: string): boolean {
  return publish.some((grant) => overlap(grant, pattern));
}

function overlap(a: string, b: string): boolean {
  const [left, right] = [partsOf(a), partsOf(b)];
  return typeof left === 'object' && typeof right === 'object' && partsOverlap(left, right);
}
