import { describe, expect, it } from 'vitest';
import type { BrokerStats } from '../../src/broker/broker.ts';
import { readinessOf } from '../../src/gateway/rest/readiness.ts';

const LACKS = 'Shard 2: The node is not connected to Redis.';

/** What `/readyz` says of a node that reaches only some of its three shards. */
function lacking(
  away: readonly number[],
  { othersAreReady = false, isLeaving = false } = {},
): ReturnType<typeof readinessOf> {
  const shards = [0, 1, 2].map((shard) => ({
    shard,
    isHealthy: !away.includes(shard),
    trouble: away.includes(shard) ? ('away' as const) : undefined,
  }));
  const stats = { trouble: 'away', shards } as unknown as BrokerStats;
  return readinessOf({
    ready: () => Promise.reject(new Error(LACKS)),
    isLeaving: () => isLeaving,
    othersAreReady: () => othersAreReady,
    brokerStats: () => stats,
    warnings: () => [],
  });
}

describe('a node that reaches only some of its shards', () => {
  it('is ready for them while no other node has more, and says what it lacks', async () => {
    expect(await lacking([2])).toEqual({
      status: 'ready',
      publishing: false,
      reason: expect.stringMatching(/^Shard 2: Redis cannot write/) as unknown,
      warnings: [LACKS],
    });
  });

  it('is not ready while another node has all of them', async () => {
    expect(await lacking([2], { othersAreReady: true })).toEqual({ status: 'not ready', reason: LACKS });
  });

  it('is not ready without the registry, without any shard, and when it leaves', async () => {
    for (const answer of [lacking([0]), lacking([1, 2]), lacking([2], { isLeaving: true })])
      expect(await answer).toEqual({ status: 'not ready', reason: LACKS });
  });
});
