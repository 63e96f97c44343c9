import { Socket } from 'node:net';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { ClusterAddress, Credentials, HostPort, SentinelAddress } from '../model/redis-url.ts';
import { DISCONNECT_TIMEOUT_MS, openSocket, type SocketReader } from './redis-socket.ts';

const RETRY_MS = 1_000;
/** The channel on which Sentinels tell `<name> <old host> <old port> <new host> <new port>`. */
const SWITCH = '+switch-master';

export interface MasterOptions {
  readonly address: SentinelAddress | ClusterAddress;
  /** The beginning of all keys; on a Cluster their slot is that of `{prefix}`. */
  readonly prefix: string;
  /** How long each host may take to answer. */
  readonly timeoutMs: number;
  /** Makes what reads the socket to the master, in place of ioredis. */
  readonly reader?: (() => SocketReader) | undefined;
}

/** How the Sentinels, or the nodes of a Cluster, tell where the master is. */
interface Guide {
  /** Asks one host. */
  readonly find: (redis: Redis, asked: HostPort) => Promise<HostPort>;
  /** Hears from one host that the master has changed, possibly before the old master knows it. */
  readonly follow?: (redis: Redis, moved: (to: HostPort) => void) => void;
}

type MasterSettings = Pick<
  RedisOptions,
  'Connector' | 'username' | 'password' | 'tls' | 'db' | 'reconnectOnError'
>;

type Emit = (type: string, error: Error) => void;

/**
 * Finds the master each time a connection of ioredis connects: the one that the Sentinels name, or on a Cluster the
 * owner of the slot in which all keys of the hub lie. So a hub talks to one Redis at a time, and what holds for a
 * single Redis holds for Sentinels and Clusters as well: transactions, the order between publishing and hearing, and
 * a pong after every message. A Cluster passes messages of a channel to all its nodes.
 */
export function toMaster(options: MasterOptions): MasterSettings {
  const { address } = options;
  const { username, password, tls } = address;
  return {
    Connector: class extends MasterConnector {
      constructor() {
        super(options);
      }
    },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
    ...(address.kind === 'sentinel' ? { db: address.db } : { reconnectOnError: leadsElsewhere }),
  };
}

/**
 * Whether an error says that another server may be the master now: the slot has moved, or this server has lost its
 * cluster.
 */
function leadsElsewhere({ message }: Error): boolean {
  return /^(?:MOVED|CLUSTERDOWN) /.test(message);
}

class MasterConnector extends AbstractConnector {
  readonly #options: MasterOptions;
  readonly #guide: Guide;
  #asked: readonly Redis[] = [];
  #master: HostPort | undefined;
  #emit: Emit | undefined;

  constructor(options: MasterOptions) {
    super(DISCONNECT_TIMEOUT_MS);
    this.#options = options;
    const { address, prefix } = options;
    this.#guide = address.kind === 'sentinel' ? toMasterNamed(address.master) : toOwnerOf(prefix);
  }

  /** Never rejects, since ioredis would not try again after that. A failure gives a socket that is closed already. */
  override async connect(emit: Emit): Promise<Socket> {
    this.connecting = true;
    this.#emit = emit;
    try {
      this.#master = await this.#find();
      if (!this.connecting) throw new Error('Closed before it was connected');
      const { address, reader } = this.#options;
      this.stream = openSocket({ ...this.#master, ...(address.tls && { tls: true }) }, reader?.());
      this.stream.once('error', (error: Error) => (this.firstError = error));
    } catch (error) {
      this.firstError = error as Error;
      this.stream = new Socket().destroy();
    }
    return this.stream;
  }

  /** The named server may have become a replica while the host that named it did not know. */
  override check({ role = 'master' }: { readonly role?: string }): boolean {
    if (role !== 'master') this.#emit?.('error', new Error(`What was named as the master is a ${role}`));
    return role === 'master';
  }

  override disconnect(): void {
    this.#dismiss();
    super.disconnect();
  }

  /** Asks all hosts, and takes the first answer, since one of the hosts may hang. */
  async #find(): Promise<HostPort> {
    this.#dismiss();
    const asked = this.#options.address.hosts.map((host) => ({ host, redis: this.#clientOf(host) }));
    this.#asked = asked.map(({ redis }) => redis);
    try {
      return await Promise.any(asked.map(({ host, redis }) => this.#ask(redis, host)));
    } catch (error) {
      const reasons = (error as AggregateError).errors.map((each) => (each as Error).message);
      throw new Error(`nobody knows the master (${reasons.join('; ')})`, { cause: error });
    } finally {
      if (this.#guide.follow === undefined) this.#dismiss();
    }
  }

  #dismiss(): void {
    for (const redis of this.#asked) redis.disconnect();
    this.#asked = [];
  }

  /** Closes the connection, so that it reconnects at the new master. */
  #moved({ host, port }: HostPort): void {
    if (host !== this.#master?.host || port !== this.#master.port) this.disconnect();
  }

  async #ask(redis: Redis, asked: HostPort): Promise<HostPort> {
    let fault: unknown;
    redis.on('error', (error) => (fault = error));
    this.#guide.follow?.(redis, (to) => this.#moved(to));
    try {
      return await this.#guide.find(redis, asked);
    } catch (error) {
      // The fault that closed the connection says more than the error that it is closed.
      const { message } = (fault ?? error) as Error;
      throw new Error(`${asked.host}:${asked.port}: ${message}`, { cause: error });
    }
  }

  #clientOf({ host, port }: HostPort): Redis {
    const { address, timeoutMs } = this.#options;
    const { username, password }: Credentials = address.kind === 'sentinel' ? address.sentinel : address;
    return new Redis({
      host,
      port,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(address.tls && { tls: {} }),
      // A host that did not answer may still tell of another master later.
      retryStrategy: () => RETRY_MS,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      enableReadyCheck: false,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    });
  }
}

/**
 * Asks Sentinels for the master of this name, and follows their announcements: a replaced master may go on for ten
 * seconds until they reach it, and everything that it accepts in that time is lost.
 */
function toMasterNamed(name: string): Guide {
  return {
    find: async (redis) => {
      const found = (await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as
        [string, string] | null;
      if (found === null) throw new Error(`knows no master "${name}"`);
      return { host: found[0], port: Number(found[1]) };
    },
    follow: (redis, moved) => {
      // A Sentinel that refuses the subscription counts like one that is away: its refusal becomes an `error`, and
      // the others remain.
      redis.on('ready', () => void redis.subscribe(SWITCH).catch((error) => redis.emit('error', error)));
      redis.on('message', (_channel, text) => {
        const [master, , , host, port] = text.split(' ');
        if (master === name && host !== undefined) moved({ host, port: Number(port) });
      });
    },
  };
}

type SlotRange = readonly [first: number, last: number, master: readonly [host: string | null, port: number]];

function toOwnerOf(prefix: string): Guide {
  const find: Guide['find'] = async (redis, asked) => {
    const [info, slot, ranges] = (await Promise.all([
      redis.call('CLUSTER', 'INFO'),
      redis.call('CLUSTER', 'KEYSLOT', `{${prefix}}`),
      redis.call('CLUSTER', 'SLOTS'),
    ])) as [string, number, readonly SlotRange[]];
    // Such a node serves nothing, and may not know yet which node will.
    if (!info.includes('cluster_state:ok')) throw new Error('sees the cluster as failed');
    const owner = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2];
    if (owner === undefined) throw new Error(`knows no master of slot ${slot}`);
    const [host, port] = owner;
    return { host: host || asked.host, port };
  };
  return { find };
}
