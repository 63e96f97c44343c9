import type { NewEvent } from './event.ts';
import { EVERYTHING, Pattern } from './pattern.ts';
import { holds } from './pattern-parts.ts';

/** Who a connection is: `user:<name>`, `runner:<uuid>`, … */
export type Principal = string;

/** The principal of an anonymous connection. */
export const UNKNOWN: Principal = 'unknown';

/** The role that may do everything. */
export const ADMIN = 'admin';

/** The principal for the `sub` of a token. Without a colon it is the name of a user. */
export function asPrincipal(subject: string): Principal {
  return subject.includes(':') ? subject : `user:${subject}`;
}

/** The message for a missing grant: what was refused, like `to hear "deploy.*.*"`, and what would permit it. */
export function withoutGrant(principal: Principal, what: string): string {
  return principal === UNKNOWN
    ? `You sent no token, and need one that permits you ${what}. Expected it as Authorization: Bearer, as ?token=, or in the command auth.`
    : `${principal} holds no grant ${what}. Expected something within its grants.`;
}

/** The patterns to which a principal may subscribe, or which it may publish. */
export class Grants {
  static readonly none = new Grants([]);
  static readonly all = new Grants([EVERYTHING]);

  readonly patterns: readonly Pattern[];
  /** Equal texts mean equal grants. */
  readonly text: string;

  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
    this.text = JSON.stringify([...new Set(patterns.map((pattern) => pattern.text))].toSorted());
  }

  /** @throws ProtocolError `pattern_invalid` */
  static parse(texts: readonly string[]): Grants {
    return texts.length === 0 ? Grants.none : new Grants(texts.map((text) => Pattern.parse(text)));
  }

  permit(event: Pick<NewEvent, 'type' | 'action' | 'key'>): boolean {
    for (const pattern of this.patterns) if (pattern.matches(event)) return true;
    return false;
  }

  /** Whether one of the patterns permits every key of a type and an action. */
  permitEveryKey(type: string, action: string): boolean {
    return this.patterns.some(
      ({ parts }) =>
        parts !== undefined && holds(parts[0], type) && holds(parts[1], action) && parts[2] === '*',
    );
  }

  /** Whether the grants may permit any event that the pattern matches. */
  overlap(pattern: Pattern): boolean {
    return this.patterns.some((grant) => grant.overlaps(pattern));
  }
}

/** A principal and its rights, as authentication found them. */
export interface Identity {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly subscribe: Grants;
  readonly publish: Grants;
  /** When the token expires, in milliseconds since 1970; absent when it never does. */
  readonly expiresAt?: number;
  /** Whether its token names what it may hear or publish. Then no dialect grants it anything more. */
  readonly limited?: true;
  /** The id by which its token, and all tokens renewed from it, can be revoked; absent where there is none. */
  readonly tokenId?: string;
  /** The id by which all tokens of one sign-in can be revoked, where they have different token ids. */
  readonly sessionId?: string;
  /**
   * When the principal signed in for its token, or else when the token was made, in milliseconds since 1970; 0 where
   * the token does not say. Absent for a password, which is a new sign-in each time.
   */
  readonly signedInAt?: number;
}

export const ANONYMOUS: Identity = {
  principal: UNKNOWN,
  roles: [],
  subscribe: Grants.none,
  publish: Grants.none,
};

/** The last expiry that was written, since many tokens of an issuer end in the same second. */
let lastExpiry = Number.NaN;
let lastExpiryTime = '';

/** When the token of an identity expires, as RFC 3339 in UTC; `null` when it never does. */
export function expiryOf({ expiresAt }: Pick<Identity, 'expiresAt'>): string | null {
  if (expiresAt === undefined) return null;
  if (expiresAt !== lastExpiry) {
    lastExpiryTime = new Date(expiresAt).toISOString();
    lastExpiry = expiresAt;
  }
  return lastExpiryTime;
}
