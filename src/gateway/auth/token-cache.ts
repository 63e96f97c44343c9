import { hash } from 'node:crypto';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import type { Identity } from '../../model/principal.ts';

const MAX_KNOWN = bound(
  'tokens whose signature a node remembers',
  1_000,
  'entries',
  'the oldest are checked anew',
);
const KNOWN_MS = bound('time for which a good signature is remembered', 60_000, 'ms', 'it is checked anew');

type Known = Map<string, { readonly identity: Identity; readonly until: number }>;

/**
 * Remembers tokens whose signature was good a moment ago, by a hash of their text: a client that opens many connections, or
 * reconnects often, costs one check. Whether the token has expired or was revoked is checked each time all the same.
 */
export class TokenCache {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /**
   * The tokens that were checked last, and those before them. A map that always lost its oldest entry would search for it
   * longer than a check takes.
   */
  #recent: Known = new Map();
  #before: Known = new Map();
  /** The token that was asked for last, since a publisher sends the same one again and again. */
  #last = { token: '', name: nameOf('') };

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The identity of the token. A check that rejects is not remembered. */
  async of(token: string, check: () => Promise<Identity>): Promise<Identity> {
    const name = this.#nameOf(token);
    return this.#get(name) ?? this.#remember(name, await check());
  }

  /** The same for a check that takes no time, and may find nothing. */
  ofNow(token: string, check: () => Identity | undefined): Identity | undefined {
    const name = this.#nameOf(token);
    const known = this.#get(name);
    if (known !== undefined) return known;
    const identity = check();
    return identity && this.#remember(name, identity);
  }

  /** To compare two texts costs a tenth of what a hash does. */
  #nameOf(token: string): string {
    if (token !== this.#last.token) this.#last = { token, name: nameOf(token) };
    return this.#last.name;
  }

  #get(name: string): Identity | undefined {
    const known = this.#recent.get(name) ?? this.#before.get(name);
    return known !== undefined && this.#clock.elapsed() < known.until ? known.identity : undefined;
  }

  #remember(name: string, identity: Identity): Identity {
    if (this.#recent.size >= MAX_KNOWN / 2) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(name, { identity, until: this.#clock.elapsed() + KNOWN_MS });
    return identity;
  }
}

function nameOf(token: string): string {
  return hash('sha256', token, 'base64');
}
