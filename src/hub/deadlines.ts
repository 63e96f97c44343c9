import type { Clock } from '../model/clock.ts';
import { CLOSE, type Close } from '../model/close.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

/** When connections end unless something is done about it: a token expires, or credentials were promised and not sent. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #deadlines = new Map<Connection, { readonly at: number; readonly why: Close }>();
  #stop = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#stop = this.#clock.every(CHECK_EVERY_MS, () => this.#closeExpired());
  }

  stop(): void {
    this.#stop();
  }

  /** It must authenticate within this time. */
  awaitAuth(connection: Connection, withinMs: number): void {
    this.#deadlines.set(connection, { at: this.#clock.now() + withinMs, why: CLOSE.refused });
  }

  /** What its identity says now counts, and nothing that was set before. */
  identified(connection: Connection): void {
    const at = connection.identity.expiresAt;
    if (at === undefined) this.#deadlines.delete(connection);
    else this.#deadlines.set(connection, { at, why: CLOSE.tokenExpired });
  }

  delete(connection: Connection): void {
    this.#deadlines.delete(connection);
  }

  #closeExpired(): void {
    const now = this.#clock.now();
    for (const [connection, { at, why }] of this.#deadlines) if (at <= now) connection.close(why);
  }
}
