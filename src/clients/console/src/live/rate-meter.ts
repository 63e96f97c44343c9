const SECOND_MS = 1_000;

/** Counts what comes, second by second, over the last minutes. */
export class RateMeter {
  readonly #seconds: Float64Array;
  /** The second of the last count. */
  #last: number;

  /** `nowMs` may count from anywhere. */
  constructor(seconds: number, nowMs: number) {
    this.#seconds = new Float64Array(seconds);
    this.#last = Math.floor(nowMs / SECOND_MS);
  }

  add(count: number, nowMs: number): void {
    this.#moveTo(nowMs);
    const index = this.#last % this.#seconds.length;
    this.#seconds[index] = (this.#seconds[index] ?? 0) + count;
  }

  /** How many came in each of the last whole seconds, oldest first. */
  read(nowMs: number): number[] {
    this.#moveTo(nowMs);
    const { length } = this.#seconds;
    return Array.from(
      { length: length - 1 },
      (_none, i) => this.#seconds[(this.#last + 1 + i) % length] ?? 0,
    );
  }

  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / SECOND_MS);
    const { length } = this.#seconds;
    for (let next = Math.max(this.#last + 1, second - length + 1); next <= second; next++)
      this.#seconds[next % length] = 0;
    this.#last = Math.max(this.#last, second);
  }
}
