/** What the charts show at one moment. `null` breaks the line: the hub did not answer, or nobody looked. */
export interface Sample {
  readonly events: number;
  readonly deliveries: number;
  readonly p99: number;
  readonly lag: number;
}

export type Series = keyof Sample;

/** How much of the past the charts show. */
const KEPT_MS = 1_800_000;
/** A longer time without an answer breaks the line. */
const BREAK_MS = 10_000;
/** The axis of time is at least as long, so that the first samples do not fill the whole width. */
const LEAST_MS = 120_000;

/** What the hub answered since the page was opened, for half an hour at most. */
export class History {
  readonly #at: number[] = [];
  readonly #samples: (Sample | null)[] = [];

  add(at: number, sample: Sample): void {
    const last = this.#at.at(-1);
    if (last !== undefined && at - last > BREAK_MS) this.#push(last + 1, null);
    this.#push(at, sample);
    while ((this.#at[0] ?? at) < at - KEPT_MS) {
      this.#at.shift();
      this.#samples.shift();
    }
  }

  /** The times in milliseconds. */
  get times(): readonly number[] {
    return this.#at;
  }

  values(series: Series): (number | null)[] {
    return this.#samples.map((sample) => sample?.[series] ?? null);
  }

  /** From where to where the axis of time goes. */
  get span(): readonly [from: number, to: number] {
    const from = this.#at[0] ?? 0;
    return [from, Math.max(this.#at.at(-1) ?? 0, from + LEAST_MS)];
  }

  #push(at: number, sample: Sample | null): void {
    this.#at.push(at);
    this.#samples.push(sample);
  }
}

const STEPS = [1, 2, 5, 10];
/** The axis becomes shorter only when the values use less of it than this part. */
const SHRINK_BELOW = 0.3;

/**
 * The end of an axis from 0 on: a round number above all values. It stays as it was while the values fit well enough, so that the
 * chart does not jump.
 */
export function axisEnd(largest: number, before: number, least = 1): number {
  if (before >= least && largest <= before && largest >= before * SHRINK_BELOW) return before;
  const wanted = Math.max(least, largest * 1.1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return Math.max(least, (STEPS.find((step) => step * power >= wanted) ?? 10) * power);
}
