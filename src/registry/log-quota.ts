import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';

const LIVE = 'the others are told live only';

/**
 * The share of the log that the registry may take at once, and the share over the whole time that the log reaches
 * back.
 */
const AT_ONCE = bound('share of the log for events of the registry at once', 0.1, 'share', LIVE);
const IN_ALL = bound('share of the log for events of the registry', 0.4, 'share', LIVE);
const INTEREST_AT_ONCE = bound(
  'share of the log for events about interest at once',
  0.1,
  'share',
  'topics wait until there is room',
);
const INTEREST_IN_ALL = bound(
  'share of the log for events about interest',
  0.2,
  'share',
  'topics wait until there is room',
);
/** Events count by units of this size. */
export const QUOTA_BYTES = 1_024;

/**
 * How much of the log the registry may take, as a token bucket in units of a KiB: its size, and how much is added
 * each millisecond.
 */
export interface QuotaRates {
  readonly burst: number;
  readonly perMs: number;
}

/**
 * The quota of the registry in a log of this size. A storm of connects and disconnects takes a tenth of the log at
 * once and at most half of it in total, so it never pushes out all events of publishers. What exceeds the quota is
 * told live only.
 */
export function quotaOf(log: LogSize): QuotaRates {
  return ratesOf(log, AT_ONCE, IN_ALL);
}

/** The quota of events about interest in a log of this size, beside that of the registry. */
export function interestQuotaOf(log: LogSize): QuotaRates {
  return ratesOf(log, INTEREST_AT_ONCE, INTEREST_IN_ALL);
}

interface LogSize {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

function ratesOf({ maxEvents, maxBytes, maxAgeMs }: LogSize, atOnce: number, inAll: number): QuotaRates {
  const room = Math.min(maxEvents, maxBytes / QUOTA_BYTES);
  return { burst: Math.max(1, room * atOnce), perMs: (room * inAll) / maxAgeMs };
}

/** A quota of a node without Redis; registry.lua and interest.lua keep the same in Redis. */
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

  /** Takes room for an event of this many bytes, and answers whether there was enough. */
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
