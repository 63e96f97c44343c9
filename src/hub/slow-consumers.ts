import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close.ts';
import type { Connection } from './connection.ts';

const CHECK_EVERY_MS = 1_000;

interface SlowConsumer {
  readonly since: number;
  readonly ended: (() => void)[];
}

/** The connections that have a queue of their own at the moment. */
export class SlowConsumers {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #consumers = new Map<Connection, SlowConsumer>();
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
    const ended = this.#consumers.get(connection)?.ended ?? [];
    this.#consumers.set(connection, { since: this.#clock.elapsed(), ended });
  }

  delete(connection: Connection): void {
    const consumer = this.#consumers.get(connection);
    if (consumer === undefined) return;
    this.#consumers.delete(connection);
    for (const ended of consumer.ended) ended();
  }

  /** Resolves when it lags no more, or is closed. */
  end(connection: Connection): Promise<void> {
    const consumer = this.#consumers.get(connection);
    return consumer === undefined
      ? Promise.resolve()
      : new Promise((resolve) => consumer.ended.push(resolve));
  }

  #closeStalled(): void {
    const limit = this.#clock.elapsed() - this.#timeoutMs;
    for (const [connection, { since }] of this.#consumers) {
      if (since <= limit) connection.close(CLOSE.tooSlow);
    }
  }
}
