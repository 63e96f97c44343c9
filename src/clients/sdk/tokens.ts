import type { Environment } from './environment.ts';
import type { Link, Reply } from './link.ts';

export type TokenSource = string | (() => string | Promise<string>);

/** The longest time that a timer can wait. */
const MAX_MS = 2 ** 31 - 1;
const MIN_MS = 1_000;

/** The tokens of a client. They are requested one at a time, and renewed on the open link before they expire. */
export class Tokens {
  readonly #environment: Environment;
  #source: TokenSource | undefined;
  #asked: Promise<string> | undefined;
  #last: string | undefined;
  #cancel: (() => void) | undefined;

  constructor(environment: Environment, source: TokenSource | undefined) {
    this.#environment = environment;
    this.#source = source;
  }

  /** Whether another token can be had. */
  get canRenew(): boolean {
    return typeof this.#source === 'function';
  }

  /** A new token. Rejects with the error of the source of tokens. */
  get(): Promise<string | undefined> {
    const source = this.#source;
    if (typeof source !== 'function') return Promise.resolve(source);
    if (this.#asked === undefined) {
      const asked = (async () => (this.#last = await source()))().finally(() => {
        if (this.#asked === asked) this.#asked = undefined;
      });
      this.#asked = asked;
    }
    return this.#asked;
  }

  /** The token that was asked for last, if there is one. */
  latest(): Promise<string | undefined> {
    return this.#last === undefined ? this.get() : Promise.resolve(this.#last);
  }

  /** Renews the token when most of its lifetime is over. A failed attempt is repeated while there is time. */
  renewOn(link: Link, { time, object }: Reply): void {
    this.stop();
    if (this.canRenew)
      this.#renewBefore(
        this.#environment.clock.now() + Date.parse(String(object['expiresAt'])) - Date.parse(time),
        link,
      );
  }

  /** `end` is no number for a token that does not expire. */
  #renewBefore(end: number, link: Link): void {
    const { clock, random } = this.#environment;
    const waitMs = (end - clock.now()) * (0.7 + 0.2 * random());
    if (waitMs >= MIN_MS)
      this.#cancel = clock.after(Math.min(waitMs, MAX_MS), () => void this.#renew(end, link));
  }

  async #renew(end: number, link: Link): Promise<void> {
    const cancel = this.#cancel;
    const token = await this.get().catch(() => undefined);
    if (this.#cancel !== cancel) return;
    if (token === undefined) this.#renewBefore(end, link);
    else
      link.send('auth', { token }, (_error, reply) =>
        reply === undefined ? this.#renewBefore(end, link) : this.renewOn(link, reply),
      );
  }

  /** A token that was given as a constant is not used twice. */
  forget(): void {
    if (!this.canRenew) this.#source = undefined;
    this.#asked = this.#last = undefined;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
