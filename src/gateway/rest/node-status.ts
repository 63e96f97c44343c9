/** What a node says of itself when it is asked, beyond the report that it writes every five seconds. */
import { z } from 'zod';
import { REFUSED_REASONS, type BrokerStats } from '../../broker/broker.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Deliveries, Stats } from '../../hub/stats.ts';
import type { NodeDirectory, RedisFacts } from '../../registry/node-directory.ts';
import type { Question } from '../../registry/survey.ts';

const count = z.int();

const outcomes = z.object({
  received: count.describe('Events times matching connections: the sum of the others and of what waits'),
  delivered: count,
  filtered: count,
  notPermitted: count,
  unsupported: count,
  droppedSlow: count,
  conflated: count,
}) satisfies z.ZodType<Deliveries>;

export const nodeStatus = z.object({
  connections: z.record(z.string(), count).describe('How many of each dialect it has'),
  slow: count.describe('Connections that do not keep up now, each with a queue of its own'),
  queued: count.describe('Deliveries that wait in those queues'),
  queuedBytes: count,
  deliveries: z.record(z.string(), outcomes).describe('What became of events since its start, by dialect'),
  events: count.describe('What it heard since its start'),
  published: count.describe('What it added to the log since its start'),
  gapsDetected: count.describe('Times that its view of the log was interrupted'),
  gapsRepaired: count.describe('Those after which nothing was missing'),
  healthy: z.boolean().describe('Whether events flowed in its last probe through Redis'),
  probeMs: z.number().describe('How long that took'),
  refusing: z
    .enum(REFUSED_REASONS)
    .nullable()
    .describe('Why Redis refuses what it publishes; null when it does not'),
  memoryBytes: count.describe('The memory of its process'),
  redisVersion: z.string().nullable().describe('Null without a Redis, and while it is away'),
});

export type NodeStatus = z.infer<typeof nodeStatus>;

export const STATUS: Question<object, NodeStatus> = {
  name: 'status',
  asked: z.object({}),
  answer: nodeStatus,
};

export interface StatusDeps {
  readonly connections: Iterable<Connection>;
  readonly stats: Stats;
  readonly brokerStats: () => BrokerStats;
  readonly registry: Pick<NodeDirectory, 'redisFacts'>;
}

export async function statusOf({
  connections,
  stats,
  brokerStats,
  registry,
}: StatusDeps): Promise<NodeStatus> {
  const redis: RedisFacts = await registry.redisFacts().catch(() => ({}));
  const byDialect: Record<string, number> = {};
  const waiting = { slow: 0, queued: 0, queuedBytes: 0 };
  for (const { dialect, queued } of connections) {
    byDialect[dialect.name] = (byDialect[dialect.name] ?? 0) + 1;
    if (queued === undefined) continue;
    waiting.slow++;
    waiting.queued += queued.deliveries;
    waiting.queuedBytes += queued.bytes;
  }
  const { published, gapsDetected, gapsRepaired, isHealthy, probeMs, trouble } = brokerStats();
  return {
    connections: byDialect,
    ...waiting,
    deliveries: Object.fromEntries(stats.byDialect),
    events: stats.events,
    published,
    gapsDetected,
    gapsRepaired,
    healthy: isHealthy,
    probeMs,
    refusing: trouble ?? null,
    memoryBytes: process.memoryUsage.rss(),
    redisVersion: redis.version ?? null,
  };
}
