import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';

/** The next flush never waits longer than this. */
const MAX_REST_MS = bound('longest pause between two flushes', 10, 'ms', 'the next flush begins');

/** A rest that is shorter than a timer can measure is none. */
const SHORTEST_TIMER_MS = 1;

/** The share of the core that flushes take for long. The rest of it is for what comes in. */
const SHARE = 9 / 10;

/** A core that had room may do so much beyond that share, at once. */
const BURST_MS = bound(
  'time of flushes that follow each other without a rest',
  20,
  'ms',
  'the next one waits',
);

/**
 * Decides when to flush: once all of what was read at once is in the outboxes, as long as the core has room. Time for
 * flushes is earned as time passes, nine tenths of it, and up to a burst. A flush that takes more than was earned is followed by
 * a rest until that is earned back. So there is no wait under a load that the core can carry with one write for each
 * event, and beyond that writes grow as far as they must: a write costs nearly the same for one frame as for thirty.
 *
 * A flush counts by the share of its writes that went to members which the flush before had written to as well. Where
 * each flush goes to other members no write would grow, and there is no rest.
 */
export class FlushPacer {
  readonly #clock: Clock;
  readonly #flush: () => number;
  #asked = false;
  #restUntil = 0;
  /** What was earned and not spent up to the end of the last flush; negative where that took more. */
  #earnedMs = BURST_MS;
  #countedTo = 0;

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
    else this.#clock.next(this.#run);
  }

  readonly #run = (): void => {
    this.#asked = false;
    const began = this.#clock.elapsed();
    const again = this.#flush();
    const ended = this.#clock.elapsed();
    const earned = Math.min(this.#earnedMs + (ended - this.#countedTo) * SHARE, BURST_MS);
    this.#earnedMs = Math.max(earned - (ended - began) * again, -MAX_REST_MS * SHARE);
    this.#countedTo = ended;
    this.#restUntil = ended + Math.max(-this.#earnedMs / SHARE, 0);
  };
}
