import { hash } from 'node:crypto';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import type { Identity } from '../../model/principal.ts';

const MAX_KNOWN = bound(
  'tokens whose signature a node remembers',
  1_000,
  'entries',
  'the oldest is checked anew',
);
const KNOWN_MS = bound('time for which a good signature is remembered', 60_000, 'ms', 'it is checked anew');

/**
 * Remembers tokens whose signature was good a moment ago, by a hash of their text: a client that opens many connections, or
 * reconnects often, costs one check. Whether the token has expired or was revoked is checked each time all the same.
 */
export class TokenCache {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** The token that was checked longest ago is the first. */
  readonly #known = new Map<string, { readonly identity: Identity; readonly until: number }>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The identity of the token. A check that rejects is not remembered. */
  async of(token: string, check: () => Promise<Identity>): Promise<Identity> {
    const name = hash('sha256', token, 'base64');
    const known = this.#known.get(name);
    if (known !== undefined && this.#clock.elapsed() < known.until) return known.identity;
    const identity = await check();
    this.#known.delete(name);
    this.#known.set(name, { identity, until: this.#clock.elapsed() + KNOWN_MS });
    const [oldest = name] = this.#known.size > MAX_KNOWN ? this.#known.keys() : [];
    if (oldest !== name) this.#known.delete(oldest);
    return identity;
  }
}
