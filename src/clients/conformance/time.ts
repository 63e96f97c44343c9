/** Time, handed in, so that a test of a timeout takes less than the timeout. */
export interface Time {
  /** Milliseconds from an arbitrary start. */
  elapsed(): number;
  /** Calls once after this many milliseconds, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

export const systemTime: Time = {
  elapsed: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves with the result of the work, or with `undefined` once the time has passed. */
export async function within<T>(time: Time, ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const cancel = time.after(ms, () => resolve(undefined));
  try {
    return await Promise.race([work, promise]);
  } finally {
    cancel();
  }
}

export function wait(time: Time, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  time.after(ms, resolve);
  return promise;
}
