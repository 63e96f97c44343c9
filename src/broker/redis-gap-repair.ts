import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import type { BrokerStats } from './broker.ts';
import type { LogEntry } from './redis-log-entry.ts';
import type { EntryPage, LogReader } from './redis-log-reader.ts';

const STALLED_MS = bound(
  'time without progress of a node that reads the log',
  3_000,
  'ms',
  '`/readyz` answers 503 until it does',
);

/** What the follower does at each step of a repair. */
export interface RepairSteps {
  /** Answers the position from which to read, given the end of the log; `undefined` where nothing is to be read. */
  readonly begin: (last: Cursor) => Promise<Cursor | undefined>;
  readonly take: (entry: LogEntry) => void;
  /** Called when the log was read up to this end, which it had at the beginning. */
  readonly end: (last: Cursor) => void;
  /** Called when the follower is to follow the channel again. */
  readonly follow: () => void;
}

/** Repairs gaps: it reads from the log what the channel left out, one run at a time, and counts the gaps. */
export class GapRepair {
  readonly #log: Pick<LogReader, 'last' | 'page'>;
  readonly #clock: Clock;
  readonly #steps: RepairSteps;
  #running: Promise<void> | undefined;
  #again = false;
  /** Whether to follow the channel once the log is read; the last call of {@link run} or {@link pause} decides. */
  #wantsToFollow = false;
  /** When reading last began, or last made progress. */
  #movedAt = 0;
  /**
   * Whether entries may be missing (`open`) or are lost for good (`lost`). A gap counts once, however often the log
   * cannot be read.
   */
  #gap: 'none' | 'open' | 'lost' = 'none';
  #detected = 0;
  #repaired = 0;

  constructor(log: Pick<LogReader, 'last' | 'page'>, clock: Clock, steps: RepairSteps) {
    this.#log = log;
    this.#clock = clock;
    this.#steps = steps;
  }

  get state(): 'idle' | 'reading' | 'stalled' {
    if (this.#running === undefined) return 'idle';
    return this.#clock.elapsed() - this.#movedAt < STALLED_MS ? 'reading' : 'stalled';
  }

  get gaps(): Pick<BrokerStats, 'gapsDetected' | 'gapsRepaired'> {
    return { gapsDetected: this.#detected, gapsRepaired: this.#repaired };
  }

  /** Called when events may have been lost for good, so that the gap does not count as repaired. */
  lost(): void {
    this.#gap = 'lost';
  }

  /** The log is still read to its end, and the channel is not followed then. */
  pause(): void {
    this.#wantsToFollow = false;
  }

  /**
   * Reads the log to its end, again if this was called meanwhile, and then follows the channel.
   * @param isNew whether this is the beginning of a repair, and not another attempt
   * @param isGap whether the follower had a position already, so that something may be missing
   */
  run(isNew: boolean, isGap: boolean): Promise<void> {
    if (isNew) this.#movedAt = this.#clock.elapsed();
    this.#wantsToFollow = true;
    this.#again = true;
    if (this.#gap === 'none' && isGap) {
      this.#gap = 'open';
      this.#detected++;
    }
    return (this.#running ??= this.#run());
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        const last = await this.#log.last();
        const from = await this.#steps.begin(last);
        if (from !== undefined) {
          await this.#readPages(from);
          this.#steps.end(last);
        }
        if (!this.#again && this.#wantsToFollow) this.#follow();
      } while (this.#again);
    } finally {
      // This runs in the same turn as the last check of `#again`, so that no call falls between the two.
      this.#running = undefined;
    }
  }

  #follow(): void {
    if (this.#gap === 'open') this.#repaired++;
    this.#gap = 'none';
    this.#steps.follow();
  }

  /** Delivers each page as it comes, while the next page is already on its way. */
  async #readPages(from: Cursor): Promise<void> {
    let next: Promise<EntryPage> | undefined = this.#log.page(from);
    while (next !== undefined) {
      const { entries, isLast }: EntryPage = await next;
      this.#movedAt = this.#clock.elapsed();
      const end: Cursor | undefined = entries.at(-1)?.id;
      next = isLast || end === undefined ? undefined : this.#log.page(end);
      for (const entry of entries) this.#steps.take(entry);
    }
  }
}
