import type { Dead, RefusedReason, StreamFault } from './broker.ts';

/* What can only be where there is a Redis. */

/** The inbox stands in Redis only, so without one nothing is ever dead. */
export const NONE_DEAD: Dead = {
  list: async () => ({ entries: [], total: 0 }),
  get: async () => undefined,
  retry: async () => false,
  remove: async () => false,
};

/** Of {@link Flow}: a broker that has all it needs in itself never lacks anything. */
export const UNTROUBLED = {
  refused: new Map<RefusedReason, number>(),
  trouble: undefined,
  proofMs: 0,
  holesFound: 0,
  holesRepaired: 0,
  streamsMended: new Map<StreamFault, number>(),
  inboxGone: 0,
};
