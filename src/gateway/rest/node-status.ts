/** What a node says of itself when it is asked, beyond the report that it writes every five seconds. */
import { z } from 'zod';
import { REFUSED_REASONS, type BrokerStats } from '../../broker/broker.ts';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Deliveries, Stats } from '../../hub/stats.ts';
import type { NodeDirectory, NodeReport, OwnReport, RedisFacts } from '../../registry/node-directory.ts';
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

export const nodeReport = z.object({
  name: z.string().describe('The name in BELFRY_NODE'),
  version: z.string(),
  since: rfc3339.describe('The time of its start'),
  digest: z.string().describe('A hash of the settings that all nodes should share'),
  connections: z.int().describe('The number of its sockets and streams'),
  eventsPerSecond: z.number().describe('What it heard in the last five seconds'),
  deliveriesPerSecond: z.number().describe('What it wrote to connections in the last five seconds'),
  p99Ms: z
    .number()
    .describe(
      'How long 99 of 100 flushes of the last five seconds took at most from the log to the last write',
    ),
  lagMs: z.number().describe('How long the slowest of them took'),
  ready: z.boolean(),
  warnings: z
    .array(z.string())
    .describe('Its differences from other nodes and its problems with Redis, one sentence each'),
}) satisfies z.ZodType<NodeReport>;

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

export interface StatusAnswer extends NodeStatus {
  /** What the node reports of itself now. A node of an older version does not tell. */
  readonly report?: NodeReport | undefined;
}

/** However many look at the nodes, each of them is asked about once a second. */
const TOGETHER_MS = 1_000;

export const STATUS: Question<object, StatusAnswer> = {
  name: 'status',
  asked: z.object({}),
  answer: nodeStatus.extend({ report: nodeReport.optional() }),
  sharedMs: TOGETHER_MS,
};

export interface StatusDeps {
  readonly connections: Iterable<Connection>;
  readonly stats: Stats;
  readonly brokerStats: () => BrokerStats;
  readonly registry: Pick<NodeDirectory, 'redisFacts'>;
  readonly about: Pick<OwnReport, 'report'>;
}

export async function statusOf({
  connections,
  stats,
  brokerStats,
  registry,
  about,
}: StatusDeps): Promise<StatusAnswer> {
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
    report: about.report(),
  };
}
