import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import {
  freePort,
  spawnRedisServer,
  until,
  type RedisServer,
  type RedisServerOptions,
} from './redis-server.ts';

/** Several Redis processes that belong together. The caller that starts them disposes of them. */
interface RedisGroup {
  /** The value for `BELFRY_REDIS_URL`. */
  readonly url: string;
  dispose(): Promise<void>;
}

export interface RedisSentinels extends RedisGroup {
  /** The server that is the master at first. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  /** Sets how long the master may be silent until the Sentinels replace it. */
  setPatience(ms: number): Promise<void>;
}

export interface RedisCluster extends RedisGroup {
  /** The three masters, which have a third of the slots each. */
  readonly masters: readonly RedisServer[];
  /** The master that has the slot of `{prefix}` at first. */
  ownerOf(prefix: string): Promise<RedisServer>;
  addReplicaOf(prefix: string): Promise<RedisServer>;
  /** Adds a replica of a master. */
  addReplica(master: RedisServer): Promise<RedisServer>;
  /**
   * Moves the slot of `{prefix}` with its keys, as resharding does it. `halfway` is called before the first key is moved, and
   * when all keys are moved and the slot is not.
   */
  moveSlot(prefix: string, to: RedisServer, halfway?: () => Promise<void>): Promise<void>;
}

const PATIENCE_MS = 500;
const SLOTS = 16_384;
/** With these arguments a replica is served at once, instead of together with others after five seconds. */
const REPLICATION = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];

/** Sends one command on a connection of its own. */
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

/** Starts a master with a replica, and three Sentinels of which two must agree that the master is gone. */
export function spawnSentinels(): Promise<RedisSentinels> {
  return together(async (spawned) => {
    const spawn = spawnInto(spawned);
    const master = await spawn({ args: REPLICATION });
    const replica = await spawn({ args: [...REPLICATION, '--replicaof', `127.0.0.1 ${master.port}`] });
    await until('replication', () => isReplicating(replica));
    const sentinel = [
      `sentinel monitor hub 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds hub ${PATIENCE_MS}`,
      'sentinel failover-timeout hub 3000',
    ];
    const sentinels = await Promise.all([1, 2, 3].map(() => spawn({ sentinel })));
    for (const each of sentinels) await until('the Sentinels to meet', () => knowsAll(each));
    return {
      url: `redis+sentinel://${hostsOf(sentinels)}?master=hub`,
      master,
      replica,
      sentinels,
      setPatience: async (ms) => {
        const setting = ['SET', 'hub', 'down-after-milliseconds', ms];
        for (const each of sentinels) await tell(each, 'SENTINEL', ...setting);
      },
    };
  });
}

/**
 * Starts a cluster of three masters. The code builds it without `redis-cli`, which may be missing and is slow. `options` are
 * those of all its servers.
 */
export function spawnCluster(options: RedisServerOptions = {}): Promise<RedisCluster> {
  return together(async (spawned) => {
    const { args = [], ...others } = options;
    const spawnAny = spawnInto(spawned);
    const spawn: Spawn = (more) => spawnAny({ ...others, args: [...args, ...(more.args ?? [])] });
    const masters = await Promise.all([1, 2, 3].map(() => spawnClusterNode(spawn)));
    const [first] = masters as [RedisServer];
    const share = Math.ceil(SLOTS / masters.length);
    for (const [i, server] of masters.entries()) {
      await tell(server, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      await tell(server, 'CLUSTER', 'ADDSLOTSRANGE', i * share, Math.min(SLOTS, (i + 1) * share) - 1);
      await introduce(server, first);
    }
    await until('the cluster to form', () => isComplete(spawned));
    const slotOf = async (prefix: string): Promise<number> =>
      Number(await tell(first, 'CLUSTER', 'KEYSLOT', `{${prefix}}`));
    const ownerOf = async (prefix: string): Promise<RedisServer> =>
      masters[Math.floor((await slotOf(prefix)) / share)] as RedisServer;
    const addReplica = async (master: RedisServer): Promise<RedisServer> => {
      const replica = await spawnClusterNode(spawn);
      await introduce(replica, master);
      await until('the cluster to grow', () => isComplete(spawned));
      const id = String(await tell(master, 'CLUSTER', 'MYID'));
      await tell(replica, 'CLUSTER', 'REPLICATE', id);
      await until('replication', () => isReplicating(replica));
      // The masters elect only a replica that they know.
      await until('the masters to hear of it', async () => {
        const known = await Promise.all(masters.map((each) => tell(each, 'CLUSTER', 'REPLICAS', id)));
        return known.every((replicas) => (replicas as string[]).length === 1);
      });
      return replica;
    };
    return {
      url: `redis+cluster://${hostsOf(masters)}`,
      masters,
      ownerOf,
      moveSlot: async (prefix, to, halfway) => {
        const [slot, from] = [await slotOf(prefix), await ownerOf(prefix)];
        const [fromId, toId] = await Promise.all([from, to].map((each) => tell(each, 'CLUSTER', 'MYID')));
        await tell(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
        await tell(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
        await halfway?.();
        const keys = (await tell(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
        await tell(from, 'MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
        await halfway?.();
        for (const each of [to, from]) await tell(each, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
      },
      addReplicaOf: async (prefix) => addReplica(await ownerOf(prefix)),
      addReplica,
    };
  });
}

/** Starts the Sentinels and their Redis, which end with the test. */
export async function startSentinels(): Promise<RedisSentinels> {
  return endingWithTest(await spawnSentinels());
}

/** Starts the cluster, which ends with the test. */
export async function startCluster(options?: RedisServerOptions): Promise<RedisCluster> {
  return endingWithTest(await spawnCluster(options));
}

function endingWithTest<Group extends RedisGroup>(group: Group): Group {
  onTestFinished(() => group.dispose());
  return group;
}

type Spawn = (options: RedisServerOptions) => Promise<RedisServer>;

function spawnInto(spawned: RedisServer[]): Spawn {
  return async (options) => {
    const server = await spawnRedisServer(options);
    spawned.push(server);
    return server;
  };
}

/** Starts a group, and ends its processes again when it cannot be completed. */
async function together<Group>(
  make: (spawned: RedisServer[]) => Promise<Group>,
): Promise<Group & Pick<RedisGroup, 'dispose'>> {
  const spawned: RedisServer[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(spawned.map((server) => server.dispose()));
  };
  try {
    return { ...(await make(spawned)), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function hostsOf(servers: readonly RedisServer[]): string {
  return servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
}

/** The arguments of a cluster node. Its port for the other nodes is a free one too, instead of its own plus 10,000. */
export async function clusterArguments(): Promise<string[]> {
  const port = await freePort();
  return ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-port', `${port}`];
}

async function spawnClusterNode(spawn: Spawn): Promise<RedisServer> {
  return spawn({ args: [...(await clusterArguments()), ...REPLICATION] });
}

async function introduce(server: RedisServer, to: RedisServer): Promise<void> {
  const [, port = ''] = (await tell(to, 'CONFIG', 'GET', 'cluster-port')) as string[];
  await tell(server, 'CLUSTER', 'MEET', '127.0.0.1', to.port, port);
}

async function isComplete(servers: readonly RedisServer[]): Promise<boolean> {
  const infos = await Promise.all(servers.map((server) => tell(server, 'CLUSTER', 'INFO')));
  return infos.every((info) => {
    const lines = String(info).split('\r\n');
    return lines.includes('cluster_state:ok') && lines.includes(`cluster_known_nodes:${servers.length}`);
  });
}

/** Waits until the replica has everything that the master has at the time of the call. */
export async function replicated(master: RedisServer, replica: RedisServer): Promise<void> {
  const wanted = await offsetOf(master, 'master_repl_offset');
  await until('replication', async () => (await offsetOf(replica, 'slave_repl_offset')) >= wanted);
}

async function offsetOf(server: RedisServer, field: string): Promise<number> {
  const info = String(await tell(server, 'INFO', 'replication'));
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? -1);
}

async function isReplicating(replica: RedisServer): Promise<boolean> {
  return String(await tell(replica, 'INFO', 'replication')).includes('master_link_status:up');
}

/** Whether the Sentinel knows the master, its replica and the two other Sentinels. */
async function knowsAll(sentinel: RedisServer): Promise<boolean> {
  const fields = (await tell(sentinel, 'SENTINEL', 'MASTER', 'hub')) as string[];
  const value = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
  return value('num-slaves') === '1' && value('num-other-sentinels') === '2' && value('flags') === 'master';
}
