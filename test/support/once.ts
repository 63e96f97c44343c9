import type { Once } from '../../src/model/idempotency.ts';

/** An idempotency key with the digest of the published events. */
export function once(key: string, digest = 'd'.repeat(40)): Once {
  return { key, digest };
}
