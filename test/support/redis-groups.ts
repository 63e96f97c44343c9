import { Redis } from 'ioredis';
import { freePort, spawnRedisServer, until, type RedisServer } from './redis-server.ts';

/** Several Redis processes that belong together. Whoever starts them disposes of them. */
interface RedisGroup {
  /** As `BELFRY_REDIS_URL` has it. */
  readonly url: string;
  dispose(): Promise<void>;
}

export interface RedisSentinels extends RedisGroup {
  /** A master and its replica, whichever is which by now. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** What the Sentinels say who the master is. */
  master(): Promise<RedisServer>;
  /** The one that is not the master, once it has everything that the master has. */
  replica(): Promise<RedisServer>;
  /** How long the master may be silent until they replace it. */
  setPatience(ms: number): Promise<void>;
}

export interface RedisCluster extends RedisGroup {
  /** Three masters with a third of the slots each. */
  readonly servers: readonly RedisServer[];
  /** The master of the slot of `{prefix}`. */
  ownerOf(prefix: string): Promise<RedisServer>;
  /** A replica of that master, once it has everything that the master has. */
  addReplicaOf(prefix: string): Promise<RedisServer>;
}

const PATIENCE_MS = 500;
const SLOTS = 16_384;
/** A replica is served at once, and not with others after five seconds. */
const REPLICATION = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];

/** One command on a connection of its own. */
export async function tell(
  server: RedisServer,
  command: string,
  ...args: (string | number)[]
): Promise<unknown> {
  const redis = new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

/** A master with a replica, and three Sentinels of which two must agree that it is gone. */
export async function spawnSentinels(): Promise<RedisSentinels> {
  const master = await spawnRedisServer({ args: REPLICATION });
  const replica = await spawnRedisServer({
    args: [...REPLICATION, '--replicaof', `127.0.0.1 ${master.port}`],
  });
  const servers = [master, replica];
  await until('replication', () => isReplicating(replica));
  const sentinel = [
    `sentinel monitor hub 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds hub ${PATIENCE_MS}`,
    'sentinel failover-timeout hub 3000',
  ];
  const sentinels = await Promise.all([1, 2, 3].map(() => spawnRedisServer({ sentinel })));
  for (const each of sentinels) await until('the Sentinels to meet', () => knowsAll(each));
  const named = async (): Promise<RedisServer> => {
    const [first] = sentinels;
    const [, port] = (await tell(
      first as RedisServer,
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      'hub',
    )) as string[];
    return servers.find((server) => server.port === Number(port)) as RedisServer;
  };
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}?master=hub`,
    servers,
    sentinels,
    master: named,
    replica: async () => {
      const it = (await named()) === master ? replica : master;
      await until('replication', () => isReplicating(it));
      return it;
    },
    setPatience: async (ms) => {
      for (const each of sentinels) await tell(each, 'SENTINEL', 'SET', 'hub', 'down-after-milliseconds', ms);
    },
    dispose: () => disposeOf([...sentinels, ...servers]),
  };
}

/** Three masters, made into a cluster by hand: `redis-cli` may be missing, and takes its time. */
export async function spawnCluster(): Promise<RedisCluster> {
  const servers = await Promise.all([1, 2, 3].map(() => spawnClusterNode()));
  const all = [...servers];
  const share = Math.ceil(SLOTS / servers.length);
  for (const [i, server] of servers.entries()) {
    await tell(server, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    const last = Math.min(SLOTS, (i + 1) * share) - 1;
    await tell(server, 'CLUSTER', 'ADDSLOTSRANGE', i * share, last);
    await introduce(server, servers[0] as RedisServer);
  }
  await until('the cluster to form', () => isComplete(servers, servers.length));
  const ownerOf = async (prefix: string): Promise<RedisServer> => {
    const [first] = servers;
    const slot = Number(await tell(first as RedisServer, 'CLUSTER', 'KEYSLOT', `{${prefix}}`));
    return servers[Math.floor(slot / share)] as RedisServer;
  };
  return {
    url: `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    servers,
    ownerOf,
    addReplicaOf: async (prefix) => {
      const owner = await ownerOf(prefix);
      const replica = await spawnClusterNode();
      all.push(replica);
      await introduce(replica, owner);
      await until('the cluster to grow', () => isComplete(all, all.length));
      await tell(replica, 'CLUSTER', 'REPLICATE', String(await tell(owner, 'CLUSTER', 'MYID')));
      await until('replication', () => isReplicating(replica));
      return replica;
    },
    dispose: () => disposeOf(all),
  };
}

const busPorts = new WeakMap<RedisServer, number>();

async function spawnClusterNode(): Promise<RedisServer> {
  const busPort = await freePort();
  const args = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '1000',
    '--cluster-port',
    String(busPort),
  ];
  const server = await spawnRedisServer({ args: [...args, ...REPLICATION] });
  busPorts.set(server, busPort);
  return server;
}

async function introduce(server: RedisServer, to: RedisServer): Promise<void> {
  await tell(server, 'CLUSTER', 'MEET', '127.0.0.1', to.port, busPorts.get(to) as number);
}

async function isComplete(servers: readonly RedisServer[], count: number): Promise<boolean> {
  const infos = await Promise.all(servers.map((server) => tell(server, 'CLUSTER', 'INFO')));
  return infos.every((info) => {
    const lines = String(info).split('\r\n');
    return lines.includes('cluster_state:ok') && lines.includes(`cluster_known_nodes:${count}`);
  });
}

async function isReplicating(replica: RedisServer): Promise<boolean> {
  return String(await tell(replica, 'INFO', 'replication')).includes('master_link_status:up');
}

/** The replica, and the two other Sentinels. */
async function knowsAll(sentinel: RedisServer): Promise<boolean> {
  const fields = (await tell(sentinel, 'SENTINEL', 'MASTER', 'hub')) as string[];
  const value = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
  return value('num-slaves') === '1' && value('num-other-sentinels') === '2' && value('flags') === 'master';
}

async function disposeOf(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.dispose()));
}
