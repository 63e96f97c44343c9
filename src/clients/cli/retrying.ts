import { setTimeout as pause } from 'node:timers/promises';
import { delayMs } from '../sdk/backoff.ts';

export interface RetryOptions {
  /** The least pause in milliseconds before another attempt, or `undefined` where none can help. */
  readonly pauseAfter: (error: unknown) => number | undefined;
  /** How long attempts may begin, in milliseconds. */
  readonly forMs: number;
  readonly signal: AbortSignal;
  /** Told of each attempt that failed and of the pause before the next. */
  readonly tell: (error: unknown, pauseMs: number) => void;
}

/** Runs something again, after pauses that grow, until it succeeds, no attempt can help, or the time is over. */
export async function retrying<T>(run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { pauseAfter, forMs, signal, tell } = options;
  const end = Date.now() + forMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const least = pauseAfter(error);
      const pauseMs = Math.round(Math.max(least ?? 0, delayMs('backoff', attempt, Math.random)));
      if (least === undefined || signal.aborted || Date.now() + pauseMs > end) throw error;
      tell(error, pauseMs);
      await pause(pauseMs, undefined, { signal });
    }
  }
}
