import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { spawnSentinels, type RedisSentinels } from '../support/redis-groups.ts';
import { freePort, spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { FAULTS_SECRET, HubProcess } from './hub-process.ts';
import { FaultProxy } from './proxy.ts';
import { until } from './wait.ts';

/** How the Redis of a world keeps its data: on its disk, not at all, or at a replica that takes its place. */
export type BrokerState = 'AOF' | 'no AOF' | 'Sentinel';

/** A node and the two networks around it. */
export interface Site {
  readonly hub: HubProcess;
  /** The network between the node and its Redis. */
  readonly toRedis: FaultProxy;
  /** The network between the node and its clients. */
  readonly toClients: FaultProxy;
  /** The address that clients use, which leads through {@link toClients}. */
  readonly url: string;
}

/** Two nodes, the Redis they share, and the networks between all of them, each a process or a proxy of its own. */
export class World {
  readonly redis: RedisServer;
  /** The Sentinels of {@link redis}. Nodes ask them for the master, and reach both without a proxy. */
  readonly sentinels: RedisSentinels | undefined;
  readonly sites: readonly [Site, Site];
  readonly token: string;
  /** A connection to Redis that passes no proxy. */
  readonly admin: Redis;

  private constructor(
    redis: RedisServer,
    sentinels: RedisSentinels | undefined,
    sites: readonly [Site, Site],
    token: string,
  ) {
    this.redis = redis;
    this.sentinels = sentinels;
    this.sites = sites;
    this.token = token;
    this.admin = new Redis(redis.url, { retryStrategy: (attempt) => Math.min(500, attempt * 50) });
    this.admin.on('error', () => undefined);
  }

  static async begin(state: BrokerState): Promise<World> {
    const sentinels = state === 'Sentinel' ? await spawnSentinels() : undefined;
    const redis = sentinels?.master ?? (await spawnRedisServer({ keeps: state === 'AOF' }));
    const token = await new SignJWT({ roles: ['admin'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('admin')
      .setExpirationTime('30 days')
      .sign(new TextEncoder().encode(FAULTS_SECRET));
    const sites = [await siteOf(redis, sentinels?.url), await siteOf(redis, sentinels?.url)] as const;
    const world = new World(redis, sentinels, sites, token);
    try {
      await Promise.all(world.sites.map(({ hub }) => hub.start()));
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.sites.map(({ url }) => url);
  }

  /** Waits until every node is ready again, so that events flow. */
  async recovered(): Promise<void> {
    for (const { hub } of this.sites)
      await until(`${hub.url} is ready again`, async () => (await hub.readyStatus()) === 200, 60_000);
  }

  /** Waits until each of these nodes has noticed the fault and says that it is not ready. */
  async noticed(sites: readonly Site[] = this.sites): Promise<void> {
    for (const { hub } of sites)
      await until(`${hub.url} is not ready`, async () => (await hub.readyStatus()) === 503, 30_000);
  }

  async end(): Promise<void> {
    this.admin.disconnect();
    await Promise.all(this.sites.map(({ hub }) => hub.kill()));
    for (const { toRedis, toClients } of this.sites) {
      toRedis.close();
      toClients.close();
    }
    await (this.sentinels ?? this.redis).dispose();
  }
}

async function siteOf(redis: RedisServer, past?: string): Promise<Site> {
  const toRedis = await FaultProxy.before(redis.port);
  const hub = new HubProcess(await freePort(), {
    BELFRY_REDIS_URL: past ?? `redis://127.0.0.1:${toRedis.port}`,
    // This cache is small, so that a client that was away for a moment is also served from the log.
    BELFRY_LOG_CACHE_MAX_BYTES: '200000',
  });
  const toClients = await FaultProxy.before(hub.port);
  return { hub, toRedis, toClients, url: `http://127.0.0.1:${toClients.port}` };
}
