import { delayMs } from '../sdk/backoff.ts';
import { systemEnvironment, type Environment } from '../sdk/environment.ts';

export type Timing = Pick<Environment, 'clock' | 'random'>;

export interface RetryOptions {
  /** The least pause in milliseconds before another attempt, or `undefined` where none can help. */
  readonly pauseAfter: (error: unknown) => number | undefined;
  /** How long attempts may begin, in milliseconds. One more begins after a pause that began before the end. */
  readonly forMs: number;
  readonly signal: AbortSignal;
  /** Told of each attempt that failed and of the pause before the next. */
  readonly tell: (error: unknown, pauseMs: number) => void;
  readonly timing?: Timing;
}

/** Runs something again, after pauses that grow, until it succeeds, no attempt can help, or the time is over. */
export async function retrying<T>(run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { pauseAfter, forMs, signal, tell, timing = systemEnvironment() } = options;
  const { clock, random } = timing;
  const end = clock.now() + forMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const least = pauseAfter(error);
      const leftMs = end - clock.now();
      if (least === undefined || signal.aborted || leftMs <= 0) throw error;
      const pauseMs = Math.round(Math.max(least, Math.min(leftMs, delayMs('backoff', attempt, random))));
      tell(error, pauseMs);
      await pause(pauseMs, signal, timing);
    }
  }
}

/** Resolves after this many milliseconds. @throws the reason of the signal once it is aborted */
export async function pause(
  ms: number,
  signal: AbortSignal,
  { clock }: Pick<Timing, 'clock'>,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
