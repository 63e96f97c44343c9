/** The number of buckets for each power of two. With 32, a value is kept to within 3 %. */
const STEPS = 32;
const STEP_BITS = 5;
const MAX_EXPONENT = 32;

/** Counts how often each value came, in constant memory. The values are from 0 to 2³²; a greater one counts as 2³². */
export class Histogram {
  readonly #counts = new Float64Array((MAX_EXPONENT - STEP_BITS + 1) * STEPS);
  #total = 0;
  #max = 0;

  get count(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  record(value: number): void {
    const whole = value > 0 ? Math.min(Math.floor(value), 2 ** MAX_EXPONENT - 1) : 0;
    const index = bucketOf(whole);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
    if (value > this.#max) this.#max = value;
  }

  /**
   * The value that this share of all values does not exceed; a share of 0.99 gives the p99. The result is 0 when there
   * is no value.
   */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(upperEndOf(index), this.#max);
    }
    return this.#max;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#max = 0;
  }
}

/** Each value below 32 has its own bucket; above that, each power of two has 32 buckets. */
function bucketOf(value: number): number {
  if (value < STEPS) return value;
  const exponent = 31 - Math.clz32(value) - STEP_BITS;
  return (exponent + 1) * STEPS + ((value >>> exponent) - STEPS);
}

function upperEndOf(index: number): number {
  if (index < STEPS) return index;
  const exponent = Math.floor(index / STEPS) - 1;
  return ((index % STEPS) + STEPS + 1) * 2 ** exponent - 1;
}
