import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { Identity, Principal } from '../model/principal.ts';

/** A revocation of tokens, valid until a time in milliseconds since 1970. */
export type Revocation =
  /** Revokes the token of this id, or the tokens of the session of this id. */
  | { readonly id: string; readonly until: number }
  /** Revokes the tokens for which this principal signed in at this time or earlier. */
  | { readonly principal: Principal; readonly before: number; readonly until: number };

/** The fields of an identity that tell whether its token is revoked. */
export type Revocable = Pick<Identity, 'tokenId' | 'sessionId' | 'principal' | 'signedInAt'>;

export const REVOCATIONS_MAX = bound(
  'revocations that hold at a time',
  100_000,
  'entries',
  'one more is refused with limit_reached',
);

export function tooManyRevocations(): BelfryError {
  return new BelfryError(
    'limit_reached',
    `The hub holds ${REVOCATIONS_MAX} revocations. Expected earlier ends for them; this one was not accepted.`,
  );
}

/** Occurs in no id of a token. */
const SEPARATOR = '\t';

/** A revocation as one text without its end. Equal texts are the same revocation. */
export function memberOf(revocation: Revocation): string {
  if ('id' in revocation) return revocation.id;
  return ['', revocation.before, revocation.principal].join(SEPARATOR);
}

export function revocationOf(member: string, until: number): Revocation {
  const [id = '', before = '', ...principal] = member.split(SEPARATOR);
  return id === '' && principal.length > 0
    ? { principal: principal.join(SEPARATOR), before: Number(before), until }
    : { id: member, until };
}

/** The revocations that are valid now. */
export class Revocations {
  /** The end of each revocation, by its text. */
  readonly #until = new Map<string, number>();
  /** The revocations of each principal, as texts. */
  readonly #of = new Map<Principal, Set<string>>();

  /** Adds a revocation and answers whether it is new. Of two ends the later one counts. */
  add(revocation: Revocation, now: number): boolean {
    const member = memberOf(revocation);
    const known = this.#until.get(member);
    if (revocation.until <= now || (known !== undefined && known >= revocation.until)) return false;
    if (known === undefined && this.isFull) return false;
    this.#until.set(member, revocation.until);
    if ('principal' in revocation) {
      const { principal } = revocation;
      this.#of.set(principal, (this.#of.get(principal) ?? new Set()).add(member));
    }
    return known === undefined;
  }

  /**
   * Whether the token of this identity is revoked. A password is a new sign-in each time, and is never revoked by
   * this.
   */
  has({ tokenId, sessionId, principal, signedInAt }: Revocable, now: number): boolean {
    if (this.#until.size === 0) return false;
    if (this.#holds(tokenId, now) || this.#holds(sessionId, now)) return true;
    if (signedInAt === undefined) return false;
    for (const member of this.#of.get(principal) ?? []) {
      const revocation = revocationOf(member, 0);
      if ('before' in revocation && signedInAt <= revocation.before && this.#holds(member, now)) return true;
    }
    return false;
  }

  get isFull(): boolean {
    return this.#until.size >= REVOCATIONS_MAX;
  }

  /** All valid revocations with their ends; those that have ended are dropped. */
  all(now: number): [member: string, until: number][] {
    for (const [member, until] of this.#until) if (until <= now) this.#forget(member);
    return [...this.#until];
  }

  #holds(member: string | undefined, now: number): boolean {
    return member !== undefined && (this.#until.get(member) ?? 0) > now;
  }

  #forget(member: string): void {
    this.#until.delete(member);
    const revocation = revocationOf(member, 0);
    if (!('principal' in revocation)) return;
    const members = this.#of.get(revocation.principal);
    members?.delete(member);
    if (members?.size === 0) this.#of.delete(revocation.principal);
  }
}
