import { createHmac, randomBytes } from 'node:crypto';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { asBelfryError, BelfryError, type ErrorCode } from '../../model/errors.ts';
import { verifyPassword } from '../../model/password.ts';
import { asPrincipal, Grants, type Identity } from '../../model/principal.ts';
import { networkOf } from '../../registry/address.ts';
import { Attempts } from './sign-in-attempts.ts';
import { ConcurrencyLimit } from '../http/concurrency-limit.ts';

/** A user with a password, as configured. */
export interface User {
  /** The name. It holds no colon, because Basic does not permit one. */
  readonly name: string;
  /** The hash `scrypt:<N>:<r>:<p>:<salt>:<hash>`, as {@link hashPassword} writes it. */
  readonly password: string;
  readonly roles?: readonly string[];
  /** Patterns in addition to those of the roles. */
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
}

/**
 * How long a right password is not checked again. drpcli may send it with every request, and a user who knows it is
 * let in while somebody else guesses.
 */
const REMEMBER_MS = bound(
  'time for which a right password is remembered',
  60 * 60_000,
  'ms',
  'it is checked anew',
);
const RUNNING_MAX = bound(
  'passwords that are checked at a time',
  2,
  'entries',
  'more wait, by address in turn',
);
const WAITING_MAX = bound(
  'passwords that wait to be checked',
  64,
  'entries',
  'the one that has waited longest, of the address with most, is refused with attempts_exceeded',
);

export interface UsersParts {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Called with the error code of each failed attempt. The name is given if a user has it. */
  readonly report?: (code: ErrorCode, about: { readonly name?: string; readonly address: string }) => void;
}

/** The configured users. */
export class Users {
  readonly #users: ReadonlyMap<string, { readonly hash: string; readonly identity: Identity }>;
  /** The hash of some user, so that an unknown name costs as much as a known one. */
  readonly #decoy: string | undefined;
  readonly #parts: UsersParts;
  readonly #attempts: Attempts;
  readonly #limit = new ConcurrencyLimit({
    runningMax: RUNNING_MAX,
    waitingMax: WAITING_MAX,
    refusal: () => tooMany(1),
  });
  readonly #key = randomBytes(32);
  /**
   * Passwords that are being checked or were right, by a keyed digest of name and password. There are at most {@link
   * RUNNING_MAX} + {@link WAITING_MAX} checks, and one right password for each user.
   */
  readonly #verdicts = new Map<string, { right: Promise<boolean>; until: number }>();

  constructor(users: readonly User[], parts: UsersParts) {
    this.#users = new Map(
      users.map((user) => [user.name, { hash: user.password, identity: identityOf(user) }]),
    );
    this.#decoy = users[0]?.password;
    this.#parts = parts;
    this.#attempts = new Attempts(parts.clock);
  }

  /**
   * The identity of a user, with the user's own grants but without those of the roles. Equal attempts at the same time
   * are checked once.
   * @throws BelfryError `password_wrong`, whether the name or the password is wrong; `attempts_exceeded` when too many
   * passwords were wrong before, or wait to be checked
   */
  async authenticate(name: string, password: string, address: string): Promise<Identity> {
    const user = this.#users.get(name);
    try {
      const right = await this.#isRight(name, password, address, user?.hash);
      if (user !== undefined && right) return user.identity;
      throw new BelfryError(
        'password_wrong',
        'The user is unknown or the password is wrong. Expected a user that the configuration names.',
      );
    } catch (error) {
      this.#parts.report?.(asBelfryError(error).code, { ...(user && { name }), address });
      throw error;
    }
  }

  /** The identity of a configured user, without a check of a password. */
  find(name: string): Identity | undefined {
    return this.#users.get(name)?.identity;
  }

  #isRight(name: string, password: string, address: string, hash = this.#decoy): Promise<boolean> {
    if (hash === undefined) return Promise.resolve(false);
    const { clock } = this.#parts;
    const digest = createHmac('sha256', this.#key)
      .update(JSON.stringify([name, password]))
      .digest('base64');
    const known = this.#verdicts.get(digest);
    if (known !== undefined && clock.elapsed() < known.until) return known.right;
    const right = this.#check(name, password, address, hash);
    const verdict = { right, until: Number.POSITIVE_INFINITY };
    this.#verdicts.set(digest, verdict);
    const settle = (remember: boolean): void => {
      if (remember) verdict.until = clock.elapsed() + REMEMBER_MS;
      else this.#verdicts.delete(digest);
    };
    right.then(settle, () => settle(false));
    return right;
  }

  async #check(name: string, password: string, address: string, hash: string): Promise<boolean> {
    const attempts = this.#attempts;
    const checkWait = (): void => {
      const waitMs = attempts.waitMs(name, address);
      if (waitMs > 0) throw tooMany(Math.ceil(waitMs / 1_000));
    };
    checkWait();
    return this.#limit.run(networkOf(address), async () => {
      // Passwords that were wrong since this attempt came count for it too.
      checkWait();
      const fits = (await verifyPassword(password, hash)) && this.#users.has(name);
      attempts[fits ? 'right' : 'wrong'](name, address);
      return fits;
    });
  }
}

function tooMany(retryAfterS: number): BelfryError {
  return new BelfryError(
    'attempts_exceeded',
    `Too many passwords were wrong, or are tried at once. Expected the next try after ${retryAfterS} s, or a token instead.`,
    { retryAfterS },
  );
}

function identityOf({ name, roles = [], subscribe, publish }: User): Identity {
  return {
    principal: asPrincipal(name),
    roles,
    subscribe: Grants.parse(subscribe ?? []),
    publish: Grants.parse(publish ?? []),
    ...((subscribe ?? publish) !== undefined && { limited: true }),
  };
}
