/** Buckets of one power of two: values are kept to within 3 %. */
const STEPS = 32;
const STEP_BITS = 5;
const MAX_EXPONENT = 32;

/** How often each value came, in constant memory, for values from 0 to 2³² and beyond, which count as that. */
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

  /** The value that this share of all values does not exceed: 0.99 for the p99. 0 when there is none. */
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

/** Values below 32 have a bucket each, then each power of two has 32. */
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
