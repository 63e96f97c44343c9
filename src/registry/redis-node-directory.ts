import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { NodeRecord, NodeReport, RedisFacts, SettingHashes } from './node-directory.ts';
import type { RegistryKeys } from './redis-registry-keys.ts';

/** Fields that a newer version adds are left out. */
const reportSchema: z.ZodType<NodeReport> = z.object({
  name: z.string(),
  version: z.string(),
  since: z.string(),
  digest: z.string(),
  connections: z.number(),
  eventsPerSecond: z.number(),
  deliveriesPerSecond: z.number(),
  p99Ms: z.number(),
  lagMs: z.number(),
  ready: z.boolean(),
  warnings: z.array(z.string()),
});
const settingsSchema = z.record(z.string(), z.string());

/** Lists the nodes whose lease has not expired, by the clock of Redis. */
export async function nodesOf(redis: Redis, keys: RegistryKeys): Promise<NodeRecord[]> {
  // This is no transaction, which would need a right of its own: a change in between is seen the next time.
  const [time, leases, reports] = await Promise.all([
    redis.time(),
    redis.zrange(keys.nodes, '0', '-1', 'WITHSCORES'),
    redis.hgetall(keys.reports),
  ]);
  const now = Number(time[0]) * 1_000;
  const found: NodeRecord[] = [];
  for (let i = 0; i < leases.length; i += 2) {
    const [id = '', score] = leases.slice(i, i + 2);
    const report = asReport(reports[id]);
    const leaseEndsAt = Number(score);
    if (leaseEndsAt >= now && report !== undefined) found.push({ ...report, id, leaseEndsAt });
  }
  return found.toSorted((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1));
}

export async function settingsOf(
  redis: Redis,
  keys: RegistryKeys,
  id: string,
): Promise<SettingHashes | undefined> {
  return settingsSchema.safeParse(parsed(await redis.hget(keys.settings, id))).data;
}

/** What the Redis that holds the registry and the log says of itself. */
export async function redisFactsOf(redis: Redis): Promise<RedisFacts> {
  const info = await redis.info('server', 'memory');
  return {
    version: /^redis_version:(\S+)/m.exec(info)?.[1],
    evictionPolicy: /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1],
  };
}

/** A node of an older version writes no report. */
function asReport(text: string | undefined): NodeReport | undefined {
  return reportSchema.safeParse(parsed(text)).data;
}

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
