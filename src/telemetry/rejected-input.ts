import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { ERRORS, type BelfryError, type ErrorCode } from '../model/errors.ts';

const LOG_EVERY_MS = 10_000;
const REJECTED_STATUSES: ReadonlySet<number> = new Set([400, 413, 422]);

/**
 * Input that was no event, command or handshake. Each is counted. It is logged at most every ten seconds for each
 * source, so that a broken publisher cannot fill the disk. Contents are not logged, since they may hold secrets.
 */
export class RejectedInput {
  /** Whether the error is in what was sent, and not in who sent it, where to, or when. */
  static is(error: BelfryError): boolean {
    return REJECTED_STATUSES.has(error.status);
  }

  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #logged = new Map<string, { at: number; unlogged: number }>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `source` is an entry point of the hub and `reason` is an error code. Both come from short fixed lists. */
  readonly report = (source: string, reason: string, about: Readonly<Record<string, unknown>> = {}): void => {
    const reasons = this.#counts.get(source) ?? new Map<string, number>();
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    this.#counts.set(source, reasons);

    const now = this.#clock.elapsed();
    const last = this.#logged.get(source);
    if (last !== undefined && now - last.at < LOG_EVERY_MS) {
      last.unlogged++;
      return;
    }
    const why = ERRORS[reason as ErrorCode]?.title;
    this.#log.warn(
      { source, reason, why, ...about, unlogged: last?.unlogged ?? 0 },
      'rejected input refused',
    );
    this.#logged.set(source, { at: now, unlogged: 0 });
  };

  *counts(): Generator<{ readonly source: string; readonly reason: string; readonly count: number }> {
    for (const [source, reasons] of this.#counts) {
      for (const [reason, count] of reasons) yield { source, reason, count };
    }
  }
}
