import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';

/** The next flush never waits longer than this. */
const MAX_REST_MS = bound('longest pause between two flushes', 10, 'ms', 'the next flush begins');

/** A rest that is shorter than a timer can measure ends with the turn of the event loop. */
const SHORTEST_TIMER_MS = 1;

/**
 * Decides when to flush: at the end of the turn of the event loop, but with a rest after the last flush that is as long
 * as that flush took, times the share of its writes that went to members which the flush before had written to as well.
 * So an idle node adds no wait, and under load writes grow by themselves: a write costs nearly the same for one frame
 * as for thirty. Where each flush goes to other members no write would grow, and there is no rest.
 */
export class FlushPacer {
  readonly #clock: Clock;
  readonly #flush: () => number;
  #asked = false;
  #restUntil = 0;

  /** `flush` returns which share of its writes went to members that the flush before wrote to as well, from 0 to 1. */
  constructor(clock: Clock, flush: () => number) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** Asks for a flush. */
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
