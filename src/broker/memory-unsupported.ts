import type { RefusedReason, StreamFault } from './broker.ts';

/** The figures of {@link BrokerStats} that are about Redis. A broker in memory never has these troubles. */
export const STATS_WITHOUT_REDIS = {
  refused: new Map<RefusedReason, number>(),
  trouble: undefined,
  probeMs: 0,
  gapsDetected: 0,
  gapsRepaired: 0,
  streamsMended: new Map<StreamFault, number>(),
  ingressGone: 0,
  shards: [],
};
