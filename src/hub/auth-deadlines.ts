import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close-codes.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

/** Closes connections whose token has expired, and those that did not sign in within the time that they were given. */
export class AuthDeadlines {
  readonly #clock: Clock;
  /** The connections whose identity has an expiry. */
  readonly #expiring = new Set<Connection>();
  /** The connections that have not signed in yet, and the time until which they may do so. */
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

  /** Sets the time within which the connection must sign in. */
  awaitAuth(connection: Connection, withinMs: number): void {
    this.#awaited.set(connection, this.#clock.now() + withinMs);
  }

  /** Notes another identity of the connection. The expiry of its token replaces every earlier deadline. */
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
