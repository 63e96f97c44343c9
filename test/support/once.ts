import type { Once } from '../../src/model/idempotency.ts';

/** A key with which the same is published, as far as the broker is told. */
export function once(key: string, digest = 'd'.repeat(40)): Once {
  return { key, digest };
}
