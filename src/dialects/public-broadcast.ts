/**
 * What Norn and Dorgu have in common: anybody may open a socket, which sends the events of its own system and reads
 * nothing.
 */
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Value } from '../model/json.ts';
import type { Pattern } from '../model/pattern.ts';
import { ANONYMOUS, Grants, type Identity } from '../model/principal.ts';
import { Refusal, type Command, type Session, type OpenRequest } from './dialect.ts';
import { apiRefusal } from './refusal.ts';

/** Permits all events of one system, and nothing else. */
export class PublicBroadcast {
  readonly #grants: Grants;
  readonly #subscriptions: Session['subscriptions'];

  constructor(pattern: Pattern) {
    this.#grants = new Grants([pattern]);
    this.#subscriptions = [{ name: pattern.text, pattern, filters: [], onForbidden: 'kept' }];
  }

  /**
   * Where anonymous connections are allowed, everybody receives the events of this system, since the documents ask for
   * no credentials. A valid token then only says who the client is: it adds no grant, and the connection does not end
   * when it expires. An invalid token is ignored. Elsewhere everybody with a token receives the events, for as long as
   * the token is valid. An identity whose token names patterns receives what these permit.
   * @throws Refusal
   */
  open(caller: OpenRequest['caller'], anonymous: boolean): Pick<Session, 'identity' | 'subscriptions'> {
    return { identity: this.#identityOf(caller, anonymous), subscriptions: this.#subscriptions };
  }

  #identityOf(caller: OpenRequest['caller'], anonymous: boolean): Identity {
    if (!('principal' in caller)) {
      if (anonymous) return { ...ANONYMOUS, subscribe: this.#grants };
      const { status, headers, body } = apiRefusal(caller, 'GET');
      throw new Refusal(status, headers, body);
    }
    if (caller.limited) return { ...caller, publish: Grants.none };
    const { principal } = caller;
    if (anonymous) return { ...ANONYMOUS, principal, subscribe: this.#grants };
    return { ...caller, subscribe: this.#grants, publish: Grants.none };
  }
}

/** The command for everything that a client sends to such a socket. */
export const IGNORED: Command = { kind: 'ignore', ref: '' };

/**
 * Makes an event of its name on the wire, `<type>.<action>`. The name is split at the first dot, so an action may
 * contain further dots.
 * @throws ProtocolError `event_invalid`
 */
export function eventOf(name: string, key: string, object: Value): NewEvent {
  const dot = name.indexOf('.');
  const [type, action] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
  if (type === '' || action === '') {
    throw new ProtocolError(
      'event_invalid',
      `The type "${name.slice(0, 100)}" is not usable. Expected <type>.<action>, as in deploy.step.`,
    );
  }
  return { type, action, key, object };
}
