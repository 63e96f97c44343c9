import type { NewEvent } from './event.ts';
import { EVERYTHING, Pattern } from './pattern.ts';

/** Who a connection is: `user:<name>`, `runner:<uuid>`, … */
export type Principal = string;

/** The principal of whoever did not say who they are. */
export const UNKNOWN: Principal = 'unknown';

/** The role that may everything. */
export const ADMIN = 'admin';

/** `sub` of a token as a principal: without a colon it is a user's name. */
export function asPrincipal(subject: string): Principal {
  return subject.includes(':') ? subject : `user:${subject}`;
}

/** Why somebody may not do something, and what would let them: `to hear "deploy.*.*"`. */
export function withoutGrant(principal: Principal, what: string): string {
  return principal === UNKNOWN
    ? `You sent no token, and need one that permits you ${what}. Expected it as Authorization: Bearer, as ?token=, or in the command auth.`
    : `${principal} holds no grant ${what}. Expected something within its grants.`;
}

/** The patterns that a principal may hear, or publish. */
export class Grants {
  static readonly none = new Grants([]);
  static readonly all = new Grants([EVERYTHING]);

  readonly patterns: readonly Pattern[];
  /** Equal texts are equal grants. */
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

  /** Whether any event that the pattern matches could be permitted. */
  overlap(pattern: Pattern): boolean {
    return this.patterns.some((grant) => grant.overlaps(pattern));
  }
}

/** A principal with what it may do, as authentication found it. */
export interface Identity {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly subscribe: Grants;
  readonly publish: Grants;
  /** When the token ends, in milliseconds since 1970; absent when it does not. */
  readonly expiresAt?: number;
  /** Its token names what it may hear or publish: no dialect grants it anything beside that. */
  readonly limited?: true;
  /** By which its token, and all that were renewed from it, can be revoked; absent where there is none. */
  readonly tokenId?: string;
  /** By which all tokens of one sign-in can be revoked, where they have different ids. */
  readonly sessionId?: string;
  /**
   * When it signed in for its token, or else when that was made, in milliseconds since 1970; 0 where the token does not
   * say. Absent for who comes with a password, which is a sign-in each time.
   */
  readonly signedInAt?: number;
}

export const ANONYMOUS: Identity = {
  principal: UNKNOWN,
  roles: [],
  subscribe: Grants.none,
  publish: Grants.none,
};
