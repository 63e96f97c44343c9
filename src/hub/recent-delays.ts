import { bound } from '../model/bound.ts';

const KEPT = bound(
  'flushes of the last five seconds whose delay counts for the percentile that a node reports',
  1_000,
  'entries',
  'the oldest of them counts for the longest delay alone',
);

/** How late flushes were since the delays were last taken. */
export class RecentDelays {
  readonly #kept: number[] = [];
  #count = 0;
  #longest = 0;

  /** In milliseconds. */
  add(ms: number): void {
    this.#kept[this.#count++ % KEPT] = ms;
    this.#longest = Math.max(this.#longest, ms);
  }

  /** The delay that 99 of 100 flushes did not exceed, and the longest one; both 0 when there was no flush. */
  take(): { readonly p99Ms: number; readonly longestMs: number } {
    const sorted = this.#kept.toSorted((a, b) => a - b);
    const taken = { p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0, longestMs: this.#longest };
    this.#kept.length = 0;
    this.#count = 0;
    this.#longest = 0;
    return taken;
  }
}
