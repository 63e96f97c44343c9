import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { nameOf } from '../../src/broker/redis-keys.ts';
import { Layout } from '../../src/model/shards.ts';
import { spawnSentinels, tell, type RedisSentinels } from '../support/redis-groups.ts';
import { freePort, spawnRedisServer, type RedisServer } from '../support/redis-server.ts';
import { ClusterCaller } from './cluster-caller.ts';
import { openSingle, type EntryPointOptions, type RedisCaller } from './entry-points.ts';
import { FaultCluster } from './fault-cluster.ts';
import { FAULTS_SECRET, HubProcess } from './hub-process.ts';
import { Networks } from './networks.ts';
import { FaultProxy } from './proxy.ts';
import { until } from './wait.ts';

/**
 * How the Redis of a world keeps its data: on its disk, not at all, or at a replica that takes its place. A Cluster has three
 * masters, which keep it on their disks and at a replica each.
 */
export type BrokerState = 'AOF' | 'no AOF' | 'Sentinel' | 'Cluster';

/** On a Cluster a hub has so many shards, and the events of this type lie in several of them. */
const SHARDS = 12;
const FANS = { 'faults-0': 4 };

/** A node and the two networks around it. */
export interface Site {
  readonly hub: HubProcess;
  /** The network between the node and its Redis. */
  readonly toRedis: Networks;
  /** The network between the node and one server of its Redis. */
  readonly toServer: ReadonlyMap<RedisServer, FaultProxy>;
  /** The network between the node and its clients. */
  readonly toClients: FaultProxy;
  /** The address that clients use, which leads through {@link toClients}. */
  readonly url: string;
}

/** The Redis of a world. */
interface Backend {
  /** All its servers; the first is the one that {@link World.redis} is about. */
  readonly servers: readonly [RedisServer, ...RedisServer[]];
  readonly sentinels?: RedisSentinels;
  readonly cluster?: FaultCluster;
  readonly dispose: () => Promise<void>;
}

/** Two nodes, the Redis they share, and the networks between all of them, each a process or a proxy of its own. */
export class World {
  /** The only server, or that which is the master at first; on a Cluster one of the masters. */
  readonly redis: RedisServer;
  /** The Sentinels of {@link redis}. Nodes ask them for the master, and reach both without a proxy. */
  readonly sentinels: RedisSentinels | undefined;
  readonly cluster: FaultCluster | undefined;
  readonly layout: Layout;
  readonly sites: readonly [Site, Site];
  readonly token: string;
  /** A connection to {@link redis} that passes no proxy. */
  readonly admin: Redis;
  readonly #backend: Backend;

  private constructor(backend: Backend, sites: readonly [Site, Site], token: string) {
    this.#backend = backend;
    [this.redis] = backend.servers;
    this.sentinels = backend.sentinels;
    this.cluster = backend.cluster;
    this.layout = layoutOf(backend);
    this.sites = sites;
    this.token = token;
    this.admin = new Redis(this.redis.url, { retryStrategy: (attempt) => Math.min(500, attempt * 50) });
    this.admin.on('error', () => undefined);
  }

  static async begin(state: BrokerState): Promise<World> {
    const backend = await backendOf(state);
    const token = await new SignJWT({ roles: ['admin'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('admin')
      .setExpirationTime('30 days')
      .sign(new TextEncoder().encode(FAULTS_SECRET));
    const sites = [await siteOf(backend, 2), await siteOf(backend, 3)] as const;
    const world = new World(backend, sites, token);
    try {
      // The first node stores the layout of the hub.
      for (const { hub } of world.sites) await hub.start();
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.sites.map(({ url }) => url);
  }

  /** What publishers need. */
  get entry(): EntryPointOptions {
    const { urls, token, layout } = this;
    const ports = this.#backend.servers.map(({ port }) => port);
    const openRedis = (): RedisCaller =>
      this.cluster === undefined ? openSingle(this.redis.url) : new ClusterCaller(ports, Math.random);
    return { urls, token, openRedis, nameOf: ({ type, key }) => nameOf('belfry', layout.shardOf(type, key)) };
  }

  /** Sends a command to every master, and answers what each says. */
  async tellMasters(command: string, ...args: (string | number)[]): Promise<unknown[]> {
    return this.cluster?.tellMasters(command, ...args) ?? [await tell(this.redis, command, ...args)];
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
    await this.#backend.dispose();
  }
}

async function backendOf(state: BrokerState): Promise<Backend> {
  if (state === 'Cluster') {
    const cluster = await FaultCluster.begin();
    return { servers: cluster.servers, cluster, dispose: () => cluster.dispose() };
  }
  if (state === 'Sentinel') {
    const sentinels = await spawnSentinels();
    return { servers: [sentinels.master], sentinels, dispose: () => sentinels.dispose() };
  }
  const redis = await spawnRedisServer({ keeps: state === 'AOF' });
  return { servers: [redis], dispose: () => redis.dispose() };
}

function layoutOf({ cluster }: Backend): Layout {
  return cluster === undefined ? Layout.single : Layout.of(SHARDS, FANS);
}

/** On a Cluster each node has an address of this host to itself, at which proxies stand for all servers. */
async function siteOf(backend: Backend, number: number): Promise<Site> {
  const { servers, sentinels, cluster } = backend;
  const host = `127.0.0.${number}`;
  const proxies = await Promise.all(
    servers.map(
      async (server) =>
        [
          server,
          await FaultProxy.before(server.port, cluster === undefined ? {} : { host, port: server.port }),
        ] as const,
    ),
  );
  const [[, first]] = proxies as [readonly [RedisServer, FaultProxy]];
  const url =
    cluster === undefined
      ? (sentinels?.url ?? `redis://127.0.0.1:${first.port}`)
      : `redis+cluster://${servers.map(({ port }) => `${host}:${port}`).join(',')}`;
  const hub = new HubProcess(await freePort(), {
    BELFRY_REDIS_URL: url,
    // This cache is small, so that a client that was away for a moment is also served from the log.
    BELFRY_LOG_CACHE_MAX_BYTES: '200000',
    ...(cluster !== undefined && {
      BELFRY_SHARDS: `${SHARDS}`,
      BELFRY_SHARD_FANS: JSON.stringify(FANS),
    }),
  });
  const toClients = await FaultProxy.before(hub.port);
  return {
    hub,
    toRedis: new Networks(proxies.map(([, proxy]) => proxy)),
    toServer: new Map(proxies),
    toClients,
    url: `http://127.0.0.1:${toClients.port}`,
  };
}
