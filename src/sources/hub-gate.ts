import { delayMs } from '../clients/sdk/backoff.ts';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { hubFault, isPassing } from './hub-fault.ts';

const AT_ONCE = bound(
  'lists of events that a source sends to the hub at once',
  8,
  'entries',
  'the next one waits for its turn',
);

export interface HubGateOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of each failure after which all wait, and of the pause in milliseconds; then, once, that the hub answers again. */
  readonly failed: (error: unknown, pauseMs: number) => void;
  readonly recovered: () => void;
}

/**
 * What a source asks of its hub goes through here: a few requests at once, and while the hub cannot serve, one alone after each
 * pause, whatever number of units wait.
 */
export class HubGate {
  readonly #options: HubGateOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Failures since the last success. */
  #failures = 0;
  #opensAt = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(options: HubGateOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => {
      // A timer would keep the process of a source that has ended alive for the rest of the pause.
      this.#cancelTimer?.();
      this.#pump();
    });
  }

  /** Runs a request once it is its turn. Rejects with the error of the request, or once the signal is aborted. */
  async pass<T>(request: () => Promise<T>): Promise<T> {
    await this.#turn();
    const { clock } = this.#options;
    const beganAt = clock.now();
    try {
      const result = await request();
      if (this.#failures > 0) this.#options.recovered();
      this.#failures = 0;
      return result;
    } catch (error) {
      this.#close(error, beganAt);
      throw error;
    } finally {
      this.#running--;
      this.#pump();
    }
  }

  #turn(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        if (signal.aborted) return reject(signal.reason as Error);
        this.#running++;
        resolve();
      });
      this.#pump();
    });
  }

  #close(error: unknown, beganAt: number): void {
    if (!isPassing(error)) return;
    const { clock, random, failed } = this.#options;
    // A request that began before the pause tells nothing new.
    if (beganAt < this.#opensAt) return;
    const pauseMs = Math.round(
      delayMs(hubFault(error) === 'later' ? 'later' : 'backoff', this.#failures++, random),
    );
    this.#opensAt = clock.now() + pauseMs + 1;
    failed(error, pauseMs);
  }

  #pump(): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return this.#waiting.splice(0).forEach((go) => go());
    const waitMs = this.#opensAt - clock.now();
    if (waitMs > 0) {
      this.#cancelTimer ??= clock.after(waitMs, () => {
        this.#cancelTimer = undefined;
        this.#pump();
      });
      return;
    }
    const atOnce = this.#failures > 0 ? 1 : AT_ONCE;
    while (this.#running < atOnce) {
      const go = this.#waiting.shift();
      if (go === undefined) return;
      go();
    }
  }
}
