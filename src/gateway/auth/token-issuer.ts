import { randomUUID } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { ADMIN, type Grants, type Identity } from '../../model/principal.ts';
import type { Authenticator } from './authenticator.ts';
import type { Credentials } from './credentials.ts';
import type { SignInSession, Tokens } from './tokens.ts';
import type { Users } from './users.ts';

export interface TokenIssuerOptions {
  readonly users: Pick<Users, 'find'>;
  readonly tokens: Pick<Tokens, 'sign'>;
  readonly authenticator: Pick<Authenticator, 'identify'>;
  readonly clock: Pick<Clock, 'now'>;
  /** How long after a sign-in its tokens can be renewed, and how long they can be valid. */
  readonly sessionMaxS: number;
}

/**
 * Makes tokens for users who prove who they are. A password is a sign-in, and a token is renewed. All tokens that come
 * from one sign-in carry its id, so that one revocation reaches all of them. They end when the session ends.
 */
export class TokenIssuer {
  readonly #options: TokenIssuerOptions;

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
  }

  /**
   * A token for the user with this name. A user may ask for an own token, and an admin for the token of any configured
   * user. The token names the roles of the user, so that a change of a role applies to it too. It is valid for as long
   * as requested, or until the session ends.
   * @throws BelfryError `forbidden`, `not_found`, `session_ended`, `signing_unavailable`, or what authentication
   * throws
   */
  async issue(credentials: Credentials, address: string, name: string, ttlS: number): Promise<string> {
    const { users, tokens, authenticator, clock, sessionMaxS } = this.#options;
    const caller = await authenticator.identify(credentials, address);
    const own = caller.principal === `user:${name}`;
    if (!own && !caller.roles.includes(ADMIN)) {
      throw new BelfryError(
        'forbidden',
        `${caller.principal} may not have the token of "${name}". Expected your own name.`,
      );
    }
    const user = own ? caller : users.find(name);
    if (user === undefined) throw new BelfryError('not_found', 'Not Found');
    const now = clock.now();
    const session = sessionOf(caller, now);
    const leftS = Math.floor((session.startedAt - now) / 1_000) + sessionMaxS;
    if (leftS < 1) {
      throw new BelfryError(
        'session_ended',
        `The sign-in is more than ${sessionMaxS} s ago. Expected another one, with a password or a token of your issuer.`,
      );
    }
    return tokens.sign({
      subject: user.principal,
      roles: user.roles,
      ...(user.limited && { subscribe: textsOf(user.subscribe), publish: textsOf(user.publish) }),
      ttlS: Math.min(ttlS, leftS),
      session,
    });
  }
}

/** A token keeps its session, also when an admin makes one for another user. A password begins a new session. */
function sessionOf({ tokenId, sessionId, signedInAt }: Identity, now: number): SignInSession {
  const id = randomUUID();
  return {
    id: sessionId ?? tokenId ?? id,
    tokenId: tokenId ?? id,
    // If a token does not say when it was made, the time of its sign-in is unknown.
    startedAt: signedInAt ? Math.min(signedInAt, now) : now,
  };
}

function textsOf({ patterns }: Grants): string[] {
  return patterns.map(({ text }) => text);
}
