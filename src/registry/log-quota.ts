import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';

const LIVE = 'the others are told live only';

/** Of the log, what the registry may take at once, and what in the whole time that the log reaches back. */
const AT_ONCE = bound('share of the log for events of the registry at once', 0.1, 'share', LIVE);
const IN_ALL = bound('share of the log for events of the registry', 0.4, 'share', LIVE);
/** What counts as one event. */
export const QUOTA_BYTES = 1_024;

/** How much of the log the registry may take: so many events of a KiB at once, and so many more in each millisecond. */
export interface QuotaRates {
  readonly burst: number;
  readonly perMs: number;
}

/**
 * The share of a log that the registry may take. A storm of comings and goings takes a tenth at once, and at most half
 * of the log in all: events that others published are never pushed out by it. What is beyond is told live only.
 */
export function quotaOf({
  maxEvents,
  maxBytes,
  maxAgeMs,
}: {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}): QuotaRates {
  const room = Math.min(maxEvents, maxBytes / QUOTA_BYTES);
  return { burst: Math.max(1, room * AT_ONCE), perMs: (room * IN_ALL) / maxAgeMs };
}

/** The same as registry.lua keeps in Redis, for a node that stands alone. */
export class LogQuota {
  readonly #rates: QuotaRates;
  readonly #clock: Pick<Clock, 'elapsed'>;
  #left: number;
  #at: number;

  constructor(rates: QuotaRates, clock: Pick<Clock, 'elapsed'>) {
    this.#rates = rates;
    this.#clock = clock;
    this.#left = rates.burst;
    this.#at = clock.elapsed();
  }

  /** Whether there is room in the log for an event of so many bytes; then it is taken. */
  take(bytes: number): boolean {
    const now = this.#clock.elapsed();
    const { burst, perMs } = this.#rates;
    this.#left = Math.min(burst, this.#left + (now - this.#at) * perMs);
    this.#at = now;
    const cost = Math.ceil(bytes / QUOTA_BYTES);
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }
}
