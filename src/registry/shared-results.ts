import type { Clock } from '../model/clock.ts';

interface Shared {
  /** In milliseconds of {@link Clock.elapsed}. */
  readonly until: number;
  readonly result: Promise<unknown>;
}

/** Gives all who ask the same within some time one result. The last result of each question is kept. */
export class SharedResults {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #results = new Map<string, Shared>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The result under this key, which always has one type, or a new one. One that fails is not shared any further. */
  get<Result>(key: string, forMs: number, make: () => Promise<Result>): Promise<Result> {
    const now = this.#clock.elapsed();
    const shared = this.#results.get(key);
    if (shared !== undefined && now < shared.until) return shared.result as Promise<Result>;
    const result = make();
    this.#results.set(key, { until: now + forMs, result });
    result.catch(() => this.#results.delete(key));
    return result;
  }
}
