import type { Clock } from '../model/clock.ts';
import { cursorMs, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Cohort } from './cohort.ts';
import type { Cohorts } from './cohorts.ts';
import type { WriteCoalescer } from './write-coalescer.ts';
import { FlushPacer } from './flush-pacer.ts';
import type { Stats } from './stats.ts';

/**
 * Called with an error that only a fault of the hub can cause. What the error stopped is left out, and everything else
 * goes on.
 */
export type Fault = (error: unknown) => void;

interface FlushSchedulerOptions {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly cohorts: Pick<Cohorts, 'settle'>;
  readonly coalescer: Pick<WriteCoalescer, 'forget'>;
  readonly fault: Fault;
}

/**
 * Flushes the cohorts that have something in their outbox, when the pacer and the minimum interval of their encoding
 * allow it.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #stats: Stats;
  readonly #cohorts: Pick<Cohorts, 'settle'>;
  readonly #coalescer: Pick<WriteCoalescer, 'forget'>;
  readonly #fault: Fault;
  readonly #pacer: FlushPacer;
  #waiting: Cohort[] = [];
  /** When the last flush was. No cohort has the first value as its own time. */
  #flushedAt = Number.NaN;
  /** The id of the first event that waits for the next flush, and so waits longest. */
  #oldest: Cursor | undefined;

  constructor({ clock, stats, cohorts, coalescer, fault }: FlushSchedulerOptions) {
    this.#clock = clock;
    this.#stats = stats;
    this.#cohorts = cohorts;
    this.#coalescer = coalescer;
    this.#fault = fault;
    this.#pacer = new FlushPacer(clock, () => this.flush());
  }

  /** Schedules the flush of a cohort whose outbox was empty until it took this event. */
  schedule(cohort: Cohort, event?: HubEvent): void {
    // An encoding with a minimum interval sends late on purpose, so its events are not measured.
    if (cohort.encoding.minIntervalMs === undefined) this.#oldest ??= event?.id;
    this.#waiting.push(cohort);
    this.#pacer.ask();
  }

  /** Returns the share of the writes that went to members to which the flush before wrote as well, from 0 to 1. */
  flush(): number {
    const elapsed = this.#clock.elapsed();
    const waiting = this.#waiting;
    this.#waiting = [];
    let writes = 0;
    let again = 0;
    for (const cohort of waiting) {
      // A cohort that was flushed before its turn waits for nothing. Without this check there would be more and more
      // timers.
      if (cohort.isEmpty) continue;
      const rest = cohort.rest(elapsed);
      if (rest > 0) {
        this.#clock.after(rest, () => this.schedule(cohort));
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
    this.#coalescer.forget();
    this.#flushedAt = elapsed;
    this.#measure();
    return writes === 0 ? 0 : again / writes;
  }

  /** Measures the latency once a flush, by the event that waited longest, when the last write is done. */
  #measure(): void {
    if (this.#oldest === undefined) return;
    // The log is numbered by the clock of Redis, which may be ahead of this one.
    const ms = Math.max(0, this.#clock.now() - cursorMs(this.#oldest));
    this.#oldest = undefined;
    this.#stats.recentDelays.add(ms);
    this.#stats.latency.observe(ms / 1_000);
  }
}
