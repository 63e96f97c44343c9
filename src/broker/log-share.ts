import type { Layout } from '../model/shards.ts';
import type { LogBounds } from './broker.ts';

interface HubLimits {
  readonly bounds: LogBounds;
  readonly maxRetainedBytes: number;
}

/**
 * The part of a shard in the limits of a hub, which the shards of its epoch and shard 0 share alike. An age holds for each of
 * them. A shard keeps its part until its epoch is over.
 */
export function limitsOfShard({ bounds, maxRetainedBytes }: HubLimits, layout: Layout, shard = 0): HubLimits {
  const parts = layout.epochs
    .filter(({ first, count }) => shard === 0 || (first <= shard && shard < first + count))
    .map(({ first, count }) => (first === 0 ? count : count + 1));
  const share = (of: number): number => Math.max(1, Math.floor(of / Math.min(...parts)));
  const { maxEvents, maxBytes, maxAgeMs } = bounds;
  return {
    bounds: { maxEvents: share(maxEvents), maxBytes: share(maxBytes), maxAgeMs },
    maxRetainedBytes: share(maxRetainedBytes),
  };
}
