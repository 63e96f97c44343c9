import type { DeadLetterQueue, RefusedReason, StreamFault } from './broker.ts';

/* What the memory broker does not have, since it exists only with Redis: dead letters, and the figures about Redis. */

/** Dead letters come from the ingress, which exists only in Redis, so here there are none. */
export const NO_DEAD_LETTERS: DeadLetterQueue = {
  list: async () => ({ entries: [], total: 0 }),
  get: async () => undefined,
  retry: async () => false,
  remove: async () => false,
};

/** The figures of {@link BrokerStats} that are about Redis. A broker in memory never has these troubles. */
export const STATS_WITHOUT_REDIS = {
  refused: new Map<RefusedReason, number>(),
  trouble: undefined,
  probeMs: 0,
  gapsDetected: 0,
  gapsRepaired: 0,
  streamsMended: new Map<StreamFault, number>(),
  ingressGone: 0,
};
