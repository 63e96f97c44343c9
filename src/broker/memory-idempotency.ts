import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import { IDEMPOTENCY_MS, reused, type Once } from '../model/idempotency.ts';

const MAX_KEYS = bound('idempotency keys without Redis', 10_000, 'entries', 'the oldest is forgotten');

/** The answer that a repetition gets until {@link Clock.elapsed} has reached `until`. */
type Answered = { readonly ids: readonly Cursor[]; readonly digest: string; readonly until: number };

/** Decides without Redis whether a publish is a repetition: it knows the idempotency keys of the last few minutes. */
export class MemoryIdempotency {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #answered = new Map<string, Answered>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The ids that the first publish under this key was given. @throws BelfryError `idempotency_key_reused` */
  recall({ key, digest }: Once): readonly Cursor[] | undefined {
    const first = this.#answered.get(key);
    if (first === undefined || first.until <= this.#clock.elapsed()) return undefined;
    if (first.digest !== digest) throw reused();
    return first.ids;
  }

  /** All keys live equally long, so the order of the map is the order in which they expire. */
  remember({ key, digest }: Once, ids: readonly Cursor[]): void {
    const now = this.#clock.elapsed();
    for (const [oldest, { until }] of this.#answered) {
      if (until > now && this.#answered.size < MAX_KEYS) break;
      this.#answered.delete(oldest);
    }
    this.#answered.delete(key);
    this.#answered.set(key, { ids, digest, until: now + IDEMPOTENCY_MS });
  }
}
