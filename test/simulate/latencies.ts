/** Times with their weights, and their percentiles. */
export class Latencies {
  readonly #times: { readonly ms: number; readonly weight: number }[] = [];
  #isSorted = true;
  #weight = 0;

  add(ms: number, weight: number): void {
    this.#times.push({ ms, weight });
    this.#weight += weight;
    this.#isSorted = false;
  }

  /** The time that this share of them did not exceed; NaN when there is none. */
  percentile(share: number): number {
    if (!this.#isSorted) this.#times.sort((a, b) => a.ms - b.ms); // oxlint-disable-line no-array-sort -- once for all percentiles
    this.#isSorted = true;
    let weight = 0;
    for (const time of this.#times) {
      weight += time.weight;
      if (weight >= this.#weight * share) return time.ms;
    }
    return Number.NaN;
  }
}
