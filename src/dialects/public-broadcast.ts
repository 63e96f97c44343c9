/** What Norn and Dorgu have in common: a socket that anybody may open, that tells of its own system, and never listens. */
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Value } from '../model/json.ts';
import type { Pattern } from '../model/pattern.ts';
import { ANONYMOUS, Grants, type Identity } from '../model/principal.ts';
import { Refusal, type Command, type Session, type OpenRequest } from './dialect.ts';
import { apiRefusal } from './refusal.ts';

/** Everything that one system tells, to be heard and nothing besides. */
export class PublicBroadcast {
  readonly #grants: Grants;
  readonly #subscriptions: Session['subscriptions'];

  constructor(pattern: Pattern) {
    this.#grants = new Grants([pattern]);
    this.#subscriptions = [{ name: pattern.text, pattern, filters: [], onForbidden: 'kept' }];
  }

  /**
   * Hears its own system whoever asks, where that is allowed, since the documents want no credentials. A valid token then
   * only says who it is: it adds no grant, and the connection does not end with it; a bad one is passed over. Elsewhere
   * everybody with a token hears it, for as long as that counts. A token that names patterns hears by those alone.
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

/** What a client says to a socket that never listens. */
export const IGNORED: Command = { kind: 'ignore', ref: '' };

/**
 * An event from its name on the wire, `<type>.<action>`, split at the first dot, so that an action may hold more.
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
