/** Times with their weights, and their percentiles. */
export class Latencies {
  readonly #times: { readonly ms: number; readonly weight: number }[] = [];
  #weight = 0;

  add(ms: number, weight: number): void {
    this.#times.push({ ms, weight });
    this.#weight += weight;
  }

  /** The time that this share of them did not exceed; NaN when there is none. */
  percentile(share: number): number {
    let weight = 0;
    for (const time of this.#times.toSorted((a, b) => a.ms - b.ms)) {
      weight += time.weight;
      if (weight >= this.#weight * share) return time.ms;
    }
    return Number.NaN;
  }
}
