import type { Clock } from '../model/clock.ts';
import { cursorMs, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Cohort } from './cohort.ts';
import type { Cohorts } from './cohorts.ts';
import type { Joiner } from './joiner.ts';
import { Pacer } from './pacer.ts';
import type { Stats } from './stats.ts';

/** Told of an error that only a fault of the hub itself can be: what it stopped is left out, and all else goes on. */
export type Fault = (error: unknown) => void;

interface FlushesOptions {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly cohorts: Pick<Cohorts, 'settle'>;
  readonly joiner: Pick<Joiner, 'forget'>;
  readonly fault: Fault;
}

/** The cohorts with something in the outbox, until their flush. */
export class Flushes {
  readonly #clock: Clock;
  readonly #stats: Stats;
  readonly #cohorts: Pick<Cohorts, 'settle'>;
  readonly #joiner: Pick<Joiner, 'forget'>;
  readonly #fault: Fault;
  readonly #pacer: Pacer;
  #waiting: Cohort[] = [];
  /** When the last flush was; no cohort was flushed at the first value. */
  #flushedAt = Number.NaN;
  /** Of the first event that waits for the next flush, and so waits longest. */
  #oldest: Cursor | undefined;

  constructor({ clock, stats, cohorts, joiner, fault }: FlushesOptions) {
    this.#clock = clock;
    this.#stats = stats;
    this.#cohorts = cohorts;
    this.#joiner = joiner;
    this.#fault = fault;
    this.#pacer = new Pacer(clock, () => this.flush());
  }

  /** A cohort whose outbox was empty, and the event that it then took. */
  wait(cohort: Cohort, event?: HubEvent): void {
    // What an encoding keeps for its rhythm is late on purpose.
    if (cohort.encoding.minIntervalMs === undefined) this.#oldest ??= event?.id;
    this.#waiting.push(cohort);
    this.#pacer.ask();
  }

  /** Answers which share of its writes went to who was also written to by the flush before, from 0 to 1. */
  flush(): number {
    const elapsed = this.#clock.elapsed();
    const waiting = this.#waiting;
    this.#waiting = [];
    let writes = 0;
    let again = 0;
    for (const cohort of waiting) {
      // Flushed before its turn; who waits for its rhythm then goes home, lest they become ever more.
      if (cohort.isEmpty) continue;
      const rest = cohort.rest(elapsed);
      if (rest > 0) {
        this.#clock.after(rest, () => this.wait(cohort));
        continue;
      }
      const { size } = cohort.members;
      writes += size;
      if (cohort.flushedAt === this.#flushedAt) again += size;
      try {
        cohort.flushAt(elapsed);
      } catch (error) {
        this.#fault(error);
      }
      this.#cohorts.settle(cohort);
    }
    this.#joiner.forget();
    this.#flushedAt = elapsed;
    this.#measure();
    return writes === 0 ? 0 : again / writes;
  }

  /** Once a flush, by the event that waited longest, when the last of its writes is done. */
  #measure(): void {
    if (this.#oldest === undefined) return;
    // The log is numbered by the clock of Redis, which may be ahead of this one.
    const ms = Math.max(0, this.#clock.now() - cursorMs(this.#oldest));
    this.#oldest = undefined;
    this.#stats.latency.observe(ms / 1_000);
  }
}
