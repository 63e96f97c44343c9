import type { Clock } from '../model/clock.ts';

/** Resolves after so many milliseconds, or at once when the signal is aborted. */
export async function rest(
  ms: number,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  const cancel = clock.after(ms, done);
  signal.addEventListener('abort', done, { once: true });
  await promise;
  cancel();
  signal.removeEventListener('abort', done);
}
