/** Time, timers and turns of the event loop. It is handed in, so that a test decides when time passes. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds from an arbitrary start, never set back. */
  elapsed(): number;
  /** Runs once the callback of the event loop that runs now has ended, before the loop takes more input. */
  next(run: () => void): void;
  /** Runs once this turn of the event loop has handled its input. */
  soon(run: () => void): void;
  /** Runs after this many milliseconds, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
  /** Runs again and again after this many milliseconds, until the returned function is called. It does not keep the process alive. */
  every(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  next: (run) => process.nextTick(run),
  soon: (run) => void setImmediate(run),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
};

/** Waits for the work, but at most this many milliseconds. */
export async function within(ms: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  await Promise.race([work, timeout]);
  cancel();
}
