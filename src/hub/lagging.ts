import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

interface Lag {
  readonly since: number;
  readonly ended: (() => void)[];
}

/** The connections that have a queue of their own at the moment. */
export class Lagging {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #lags = new Map<Connection, Lag>();
  #stop = (): void => {};

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  start(): void {
    this.#stop = this.#clock.every(CHECK_EVERY_MS, () => this.#closeStalled());
  }

  stop(): void {
    this.#stop();
  }

  /** It began to lag, or lags still but has sent something: the timeout counts from now. */
  add(connection: Connection): void {
    const ended = this.#lags.get(connection)?.ended ?? [];
    this.#lags.set(connection, { since: this.#clock.elapsed(), ended });
  }

  delete(connection: Connection): void {
    const lag = this.#lags.get(connection);
    if (lag === undefined) return;
    this.#lags.delete(connection);
    for (const ended of lag.ended) ended();
  }

  /** Resolves when it lags no more, or is closed. */
  end(connection: Connection): Promise<void> {
    const lag = this.#lags.get(connection);
    return lag === undefined ? Promise.resolve() : new Promise((resolve) => lag.ended.push(resolve));
  }

  #closeStalled(): void {
    const limit = this.#clock.elapsed() - this.#timeoutMs;
    for (const [connection, { since }] of this.#lags) {
      if (since <= limit) connection.close(CLOSE.tooSlow);
    }
  }
}
