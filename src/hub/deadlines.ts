import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

/** When connections end unless something is done about it: a token expires, or credentials were promised and not sent. */
export class Deadlines {
  readonly #clock: Clock;
  /** Those whose identity ends, at the time that it says. */
  readonly #expiring = new Set<Connection>();
  /** Those that promised credentials, and until when. */
  readonly #awaited = new Map<Connection, number>();
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
    this.#awaited.set(connection, this.#clock.now() + withinMs);
  }

  /** What its identity says now counts, and nothing that was set before. */
  identified(connection: Connection): void {
    this.delete(connection);
    if (connection.identity.expiresAt !== undefined) this.#expiring.add(connection);
  }

  delete(connection: Connection): void {
    this.#expiring.delete(connection);
    this.#awaited.delete(connection);
  }

  #closeExpired(): void {
    const now = this.#clock.now();
    for (const connection of this.#expiring)
      if ((connection.identity.expiresAt ?? Number.POSITIVE_INFINITY) <= now)
        connection.close(CLOSE.tokenExpired);
    for (const [connection, until] of this.#awaited) if (until <= now) connection.close(CLOSE.refused);
  }
}
