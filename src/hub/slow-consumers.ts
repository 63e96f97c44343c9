import type { Clock } from '../model/clock.ts';
import { CLOSE, type Close } from '../model/close-codes.ts';

const CHECK_EVERY_MS = 1_000;

/** The part of a connection that is needed here. */
interface Consumer {
  close(why: Close): void;
}

/**
 * The time when it became slow, the time since which it has accepted nothing, and the waiters for it to keep up
 * again.
 */
interface Slowness {
  readonly began: number;
  readonly since: number;
  readonly drained: (() => void)[];
}

/** The connections that do not keep up at the moment, each of which has a queue of its own. */
export class SlowConsumers {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #consumers = new Map<Consumer, Slowness>();
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

  /** Notes that a connection became slow, or is still slow and has sent something. Its timeout starts now. */
  add(consumer: Consumer): void {
    const since = this.#clock.elapsed();
    const { began = since, drained = [] } = this.#consumers.get(consumer) ?? {};
    this.#consumers.set(consumer, { began, since, drained });
  }

  /** For how long a connection has been slow, in milliseconds; `undefined` while it keeps up. */
  laggingMs(consumer: Consumer): number | undefined {
    const slowness = this.#consumers.get(consumer);
    return slowness && this.#clock.elapsed() - slowness.began;
  }

  delete(consumer: Consumer): void {
    const slowness = this.#consumers.get(consumer);
    if (slowness === undefined) return;
    this.#consumers.delete(consumer);
    for (const resolve of slowness.drained) resolve();
  }

  /** Resolves when the connection keeps up, or is closed. */
  drained(consumer: Consumer): Promise<void> {
    const slowness = this.#consumers.get(consumer);
    return slowness === undefined
      ? Promise.resolve()
      : new Promise((resolve) => slowness.drained.push(resolve));
  }

  #closeStalled(): void {
    const limit = this.#clock.elapsed() - this.#timeoutMs;
    for (const [consumer, { since }] of this.#consumers) {
      if (since <= limit) consumer.close(CLOSE.tooSlow);
    }
  }
}
