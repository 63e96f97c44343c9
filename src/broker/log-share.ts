import type { Layout } from '../model/shards.ts';
import type { LogBounds } from './broker.ts';

interface HubLimits {
  readonly bounds: LogBounds;
  readonly maxRetainedBytes: number;
}

/** The part of each shard in the limits of a hub, which all shards share alike. An age holds for each of them. */
export function limitsOfShard({ bounds, maxRetainedBytes }: HubLimits, { shards }: Layout): HubLimits {
  const share = (of: number): number => Math.max(1, Math.floor(of / shards.length));
  const { maxEvents, maxBytes, maxAgeMs } = bounds;
  return {
    bounds: { maxEvents: share(maxEvents), maxBytes: share(maxBytes), maxAgeMs },
    maxRetainedBytes: share(maxRetainedBytes),
  };
}
