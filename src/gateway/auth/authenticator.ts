import { ADMIN, Grants, type Identity } from '../../model/principal.ts';
import type { Credentials } from './credentials.ts';
import type { Tokens } from './tokens.ts';
import type { Users } from './users.ts';
import { bound } from '../../model/bound.ts';

/** The patterns that the holders of a role may receive and publish. */
export interface Role {
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
}

type Rights = Pick<Identity, 'roles' | 'subscribe' | 'publish'>;

/** This many sets of rights are kept and shared. Each further set is made for one connection. */
const RIGHTS_MAX = bound(
  'sets of rights that connections share',
  1_000,
  'entries',
  'more are made for each connection',
);

/** Finds out the principal behind credentials, and what that principal may do. */
export class Authenticator {
  readonly #users: Pick<Users, 'authenticate'>;
  readonly #tokens: Pick<Tokens, 'verify' | 'verifyNow'>;
  readonly #roles: ReadonlyMap<string, Pick<Identity, 'subscribe' | 'publish'>>;
  /**
   * Grants by the roles and patterns that they come from, so that thousands of connections share one object. This
   * saves memory and changes nothing else.
   */
  readonly #rights = new Map<string, Rights>();
  /** The identities of tokens that the cache knows, so that all connections of one token share one identity. */
  readonly #whole = new WeakMap<Identity, Identity>();

  /** @throws BelfryError `pattern_invalid` */
  constructor(parts: {
    users: Pick<Users, 'authenticate'>;
    tokens: Pick<Tokens, 'verify' | 'verifyNow'>;
    roles: Readonly<Record<string, Role>>;
  }) {
    this.#users = parts.users;
    this.#tokens = parts.tokens;
    this.#roles = new Map(
      Object.entries(parts.roles).map(([name, { subscribe, publish }]) => [
        name,
        { subscribe: Grants.parse(subscribe), publish: Grants.parse(publish) },
      ]),
    );
  }

  /**
   * The principal with everything that it may do, by its roles and by its own patterns. A role that nobody defined
   * grants nothing. `address` is the address of the client: wrong passwords count for it, and tokens ignore it.
   * @throws BelfryError `password_wrong`, `attempts_exceeded`, `token_invalid` or `unavailable`
   */
  async authenticate(credentials: Credentials, address = ''): Promise<Identity> {
    return this.#wholeOf(await this.identify(credentials, address));
  }

  /** The same at once, if it is known at once. It also throws what {@link authenticate} rejects with. */
  authenticateNow(credentials: Credentials, address = ''): Identity | Promise<Identity> {
    const found = credentials.kind === 'bearer' ? this.#tokens.verifyNow(credentials.token) : undefined;
    return found === undefined ? this.authenticate(credentials, address) : this.#wholeOf(found);
  }

  #wholeOf(found: Identity): Identity {
    let whole = this.#whole.get(found);
    if (whole === undefined) this.#whole.set(found, (whole = { ...found, ...this.#rightsOf(found) }));
    return whole;
  }

  /**
   * The principal with its own patterns only, without those of its roles. It throws what {@link authenticate} throws.
   */
  identify(credentials: Credentials, address = ''): Promise<Identity> {
    return credentials.kind === 'basic'
      ? this.#users.authenticate(credentials.name, credentials.password, address)
      : this.#tokens.verify(credentials.token);
  }

  #rightsOf({ roles, subscribe, publish }: Identity): Rights {
    const key = keyOf(roles, subscribe, publish);
    const known = this.#rights.get(key);
    if (known !== undefined) return known;
    const rights = {
      roles: [...new Set(roles)],
      subscribe: this.#union(roles, subscribe, 'subscribe'),
      publish: this.#union(roles, publish, 'publish'),
    };
    if (this.#rights.size < RIGHTS_MAX) this.#rights.set(key, rights);
    return rights;
  }

  #union(roles: readonly string[], own: Grants, what: 'subscribe' | 'publish'): Grants {
    if (roles.includes(ADMIN)) return Grants.all;
    const granted = roles.flatMap((name) => this.#roles.get(name)?.[what].patterns ?? []);
    const patterns = new Map([...granted, ...own.patterns].map((pattern) => [pattern.text, pattern]));
    return patterns.size === 0 ? Grants.none : new Grants([...patterns.values()]);
  }
}

/** Equal keys mean equal rights. A single role without patterns, as most principals have it, is a key by itself. */
function keyOf(roles: readonly string[], subscribe: Grants, publish: Grants): string {
  const [only = ''] = roles;
  if (roles.length === 1 && subscribe === Grants.none && publish === Grants.none) return `role ${only}`;
  return JSON.stringify([roles.toSorted(), subscribe.text, publish.text]);
}
