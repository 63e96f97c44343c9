import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import { verifyPassword } from '../model/password.ts';
import { asPrincipal, Grants, type Identity } from '../model/principal.ts';

/** A user who comes with a password, as configured. */
export interface User {
  /** Without colon, as Basic has it. */
  readonly name: string;
  /** `scrypt:<N>:<r>:<p>:<salt>:<hash>`, as {@link hashPassword} writes it. */
  readonly password: string;
  readonly roles?: readonly string[];
  /** Patterns beside those of the roles. */
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
}

/** How long a password that was right need not be checked again: drpcli may send it with every request. */
const REMEMBER_MS = 60_000;
/** Checks at a time. Each takes a thread of libuv's four, which file reads and DNS share. */
const RUNNING_MAX = 2;
/** About 2 s of work; who comes later would have given up before the answer. */
const WAITING_MAX = 64;

/** The users that the configuration names. */
export class Users {
  readonly #users: ReadonlyMap<string, { readonly hash: string; readonly identity: Identity }>;
  /** Some user's hash: an unknown name costs what that known one does. */
  readonly #decoy: string | undefined;
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #gate = new Gate();
  readonly #key = randomBytes(32);
  /**
   * What is being checked and what was found right, by a keyed digest of name and password. Bounded by
   * {@link RUNNING_MAX} + {@link WAITING_MAX} checks and one right password for each user.
   */
  readonly #verdicts = new Map<string, { right: Promise<boolean>; until: number }>();

  constructor(users: readonly User[], clock: Pick<Clock, 'elapsed'>) {
    this.#users = new Map(
      users.map((user) => [user.name, { hash: user.password, identity: identityOf(user) }]),
    );
    this.#decoy = users[0]?.password;
    this.#clock = clock;
  }

  /**
   * Who this is, with the user's own grants; those of the roles are not in them. Equal questions at the same time are
   * checked once.
   * @throws BelfryError `password_wrong`, no matter whether the name or the password is; `unavailable` when too many
   * passwords wait to be checked
   */
  async authenticate(name: string, password: string): Promise<Identity> {
    const user = this.#users.get(name);
    const right = await this.#isRight(name, password, user?.hash);
    if (user !== undefined && right) return user.identity;
    throw new BelfryError(
      'password_wrong',
      'The user is unknown or the password is wrong. Expected a user that the configuration names.',
    );
  }

  /** What the configuration says of that user. */
  find(name: string): Identity | undefined {
    return this.#users.get(name)?.identity;
  }

  #isRight(name: string, password: string, hash = this.#decoy): Promise<boolean> {
    if (hash === undefined) return Promise.resolve(false);
    const digest = createHmac('sha256', this.#key)
      .update(JSON.stringify([name, password]))
      .digest('base64');
    const known = this.#verdicts.get(digest);
    if (known !== undefined && this.#clock.elapsed() < known.until) return known.right;
    const right = this.#gate.run(() => verifyPassword(password, hash));
    const verdict = { right, until: Number.POSITIVE_INFINITY };
    this.#verdicts.set(digest, verdict);
    const settle = (remember: boolean): void => {
      if (remember) verdict.until = this.#clock.elapsed() + REMEMBER_MS;
      else this.#verdicts.delete(digest);
    };
    right.then(
      (isRight) => settle(isRight && this.#users.has(name)),
      () => settle(false),
    );
    return right;
  }
}

/** Lets a few run, a few more wait, and refuses the rest at once. */
class Gate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < RUNNING_MAX) this.#running++;
    else await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Resolves when somebody who is done hands on their place. */
  #turn(): Promise<void> {
    if (this.#waiting.length < WAITING_MAX) return new Promise((resolve) => this.#waiting.push(resolve));
    throw new BelfryError(
      'unavailable',
      'Too many passwords wait to be checked. Expected another try in a few seconds, or a token instead.',
    );
  }
}

function identityOf({ name, roles = [], subscribe = [], publish = [] }: User): Identity {
  return {
    principal: asPrincipal(name),
    roles,
    subscribe: Grants.parse(subscribe),
    publish: Grants.parse(publish),
  };
}
