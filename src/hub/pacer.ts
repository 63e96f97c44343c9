import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';

/** A flush never keeps away for longer than this. */
const MAX_REST_MS = bound('time that a flush keeps away', 10, 'ms', 'what waits goes out');

/** Shorter rests than a timer can measure end with the turn of the event loop. */
const SHORTEST_TIMER_MS = 1;

/**
 * When to flush: at the end of the turn in which it was asked for, but not sooner after the last flush than that one
 * took, as far as it went to those who had been written to just before. So an idle node adds no wait, and under load
 * writes grow by themselves, since a write costs nearly the same for one frame as for thirty. Where each flush goes to
 * others no write would grow, and none waits.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #flush: () => number;
  #asked = false;
  #restUntil = 0;

  /** `flush` answers which share of its writes went to who was also written to by the one before, from 0 to 1. */
  constructor(clock: Clock, flush: () => number) {
    this.#clock = clock;
    this.#flush = flush;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    const rest = this.#restUntil - this.#clock.elapsed();
    if (rest >= SHORTEST_TIMER_MS) this.#clock.after(rest, this.#run);
    else this.#clock.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#asked = false;
    const began = this.#clock.elapsed();
    const again = this.#flush();
    const ended = this.#clock.elapsed();
    this.#restUntil = ended + Math.min((ended - began) * again, MAX_REST_MS);
  };
}
