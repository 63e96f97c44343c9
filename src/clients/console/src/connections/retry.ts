import type { Hub } from '@belfry/client';
import { delayMs } from '../../../sdk/backoff.ts';

/** Waits before the hub is asked again, the longer the more attempts failed, but no longer than until the page connects anew. */
export function pauseBeforeRetry(attempt: number, hub: Hub, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      ignore();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, delayMs('backoff', attempt, Math.random));
    const ignore = hub.onState(({ status }) => status === 'connecting' && end());
    signal.addEventListener('abort', end);
  });
}
