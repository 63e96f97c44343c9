import { BelfryError } from '../model/errors.ts';
import { namesOfShards } from '../model/shards.ts';
import type { RedisShard } from './redis-shard.ts';

/**
 * Resolves when all shards are ready.
 * @throws BelfryError `unavailable`, which names the shards that are not, where there are several shards
 */
export async function shardsReady(shards: readonly Pick<RedisShard, 'keys' | 'ready'>[]): Promise<void> {
  const [own] = shards;
  if (shards.length === 1) return own?.ready();
  const reasons = new Map<string, number[]>();
  const outcomes = await Promise.allSettled(shards.map((shard) => shard.ready()));
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue;
    const reason = outcome.reason instanceof Error ? outcome.reason.message : 'unknown';
    reasons.set(reason, [...(reasons.get(reason) ?? []), shards[index]?.keys.shard ?? 0]);
  }
  if (reasons.size === 0) return;
  const sentences = Array.from(reasons, ([reason, names]) => `${namesOfShards(names)}: ${reason}`);
  throw new BelfryError('unavailable', sentences.join(' '));
}
