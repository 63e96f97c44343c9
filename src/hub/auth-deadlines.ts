import type { Clock } from '../model/clock.ts';
import { CLOSE, closeWith, type Close } from '../model/close-codes.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

/** A client or a node that has too much to do is late and not refused, so the client should come back. */
const LATE = closeWith(CLOSE.tryLater, 'no credentials came in time; try later');

/** Closes connections whose token has expired, and those that did not sign in within the time that they were given. */
export class AuthDeadlines {
  readonly #clock: Clock;
  /** The connections whose identity has an expiry. */
  readonly #expiring = new Set<Connection>();
  /** The connections that have not signed in yet, the time until which they may do so, and how they are closed after it. */
  readonly #awaited = new Map<Connection, { readonly until: number; readonly close: Close }>();
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
    this.#awaited.set(connection, { until: this.#clock.now() + withinMs, close: LATE });
  }

  /** Notes that a token of the connection was not valid. Unless another one is, the connection should not come back. */
  rejected(connection: Connection): void {
    const awaited = this.#awaited.get(connection);
    if (awaited !== undefined) this.#awaited.set(connection, { ...awaited, close: CLOSE.refused });
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
    for (const [connection, { until, close }] of this.#awaited) if (until <= now) connection.close(close);
  }
}
