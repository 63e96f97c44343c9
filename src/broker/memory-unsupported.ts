import type { DeadLetterQueue, RefusedReason, StreamFault } from './broker.ts';

/* What can only be where there is a Redis. */

/** The ingress stands in Redis only, so without one there are no dead letters. */
export const NO_DEAD_LETTERS: DeadLetterQueue = {
  list: async () => ({ entries: [], total: 0 }),
  get: async () => undefined,
  retry: async () => false,
  remove: async () => false,
};

/** Of {@link Flow}: a broker that has all it needs in itself never lacks anything. */
export const STATS_WITHOUT_REDIS = {
  refused: new Map<RefusedReason, number>(),
  trouble: undefined,
  probeMs: 0,
  gapsDetected: 0,
  gapsRepaired: 0,
  streamsMended: new Map<StreamFault, number>(),
  ingressGone: 0,
};
