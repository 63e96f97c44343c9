import type { Clock } from '../model/clock.ts';
import type { Stats } from './stats.ts';

/** A node tells the other nodes about itself as often. */
const MEASURE_EVERY_MS = 5_000;

/** How much a node had to do in the last five seconds. */
export interface Rates {
  /** Events that it heard from the broker. */
  readonly eventsPerSecond: number;
  /** Deliveries that it wrote to connections. */
  readonly deliveriesPerSecond: number;
  /** How long 99 of 100 flushes took at most from the log to the last write, and the longest one. */
  readonly p99Ms: number;
  readonly lagMs: number;
}

/** Measures the rates of a node. */
export class Traffic {
  readonly #stats: Stats;
  readonly #clock: Pick<Clock, 'elapsed' | 'every'>;
  #before = { at: 0, events: 0, delivered: 0 };
  #rates: Rates = { eventsPerSecond: 0, deliveriesPerSecond: 0, p99Ms: 0, lagMs: 0 };
  #stop = (): void => {};

  constructor(stats: Stats, clock: Pick<Clock, 'elapsed' | 'every'>) {
    this.#stats = stats;
    this.#clock = clock;
  }

  get rates(): Rates {
    return this.#rates;
  }

  start(): void {
    this.#measure();
    this.#stop = this.#clock.every(MEASURE_EVERY_MS, () => this.#measure());
  }

  stop(): void {
    this.#stop();
  }

  #measure(): void {
    const { events, total, recentDelays } = this.#stats;
    const { p99Ms, longestMs: lagMs } = recentDelays.take();
    const now = { at: this.#clock.elapsed(), events, delivered: total.delivered };
    const seconds = (now.at - this.#before.at) / 1_000;
    const rate = (count: number): number => (seconds > 0 ? Math.round((count / seconds) * 10) / 10 : 0);
    this.#rates = {
      eventsPerSecond: rate(now.events - this.#before.events),
      deliveriesPerSecond: rate(now.delivered - this.#before.delivered),
      p99Ms,
      lagMs,
    };
    this.#before = now;
  }
}
