import { BelfryError } from '../model/errors.ts';
import { ADMIN } from '../model/principal.ts';
import type { Authenticator } from './auth.ts';
import type { Credentials } from './credentials.ts';
import type { Tokens } from './tokens.ts';
import type { Users } from './users.ts';

/** Makes tokens for users who prove who they are. */
export class TokenIssuer {
  readonly #users: Users;
  readonly #tokens: Tokens;
  readonly #authenticator: Authenticator;

  constructor(users: Users, tokens: Tokens, authenticator: Authenticator) {
    this.#users = users;
    this.#tokens = tokens;
    this.#authenticator = authenticator;
  }

  /**
   * A token for the user of that name: one's own, or for an admin that of any user of the config. It says what the user
   * says, roles by name, so that a change of a role concerns it too.
   * @throws BelfryError `forbidden`, `not_found`, `signing_unavailable`, or what authentication throws
   */
  async issue(credentials: Credentials, name: string, ttlS: number): Promise<string> {
    const caller = await this.#authenticator.identify(credentials);
    const own = caller.principal === `user:${name}`;
    if (!own && !caller.roles.includes(ADMIN)) {
      throw new BelfryError(
        'forbidden',
        `${caller.principal} may not have the token of "${name}". Expected one's own name.`,
      );
    }
    const user = own ? caller : this.#users.find(name);
    if (user === undefined) throw new BelfryError('not_found', 'Not Found');
    return this.#tokens.sign({
      subject: user.principal,
      roles: user.roles,
      subscribe: user.subscribe.patterns.map(({ text }) => text),
      publish: user.publish.patterns.map(({ text }) => text),
      ttlS,
    });
  }
}
