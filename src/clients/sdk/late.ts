import type { Environment } from './environment.ts';
import { HubError } from './errors.ts';

const AGAIN_MS = 1_000;

/**
 * Loads a part of the client that not every page needs. Where that fails, as without a network, it fails at once, or is tried
 * again for as long as something may wait.
 * @throws HubError `offline`
 */
export async function late<T>(
  load: () => Promise<T>,
  { clock }: Environment,
  waits: {
    readonly offline?: 'reject' | 'queue';
    readonly ttlMs?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<T> {
  const { offline, ttlMs = 30_000, signal } = waits;
  const end = clock.now() + (offline === 'queue' ? ttlMs : 0);
  for (;;) {
    try {
      return await load();
    } catch (cause) {
      signal?.throwIfAborted();
      if (clock.now() >= end)
        throw new HubError('offline', `A part of the client was not loaded: ${String(cause)}`, {
          cause,
        });
      await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
    }
  }
}
