import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { ClusterAddress, Credentials, HostPort, SentinelAddress } from '../model/redis-url.ts';

/** How long a closed connection may keep the process alive. */
export const DISCONNECT_TIMEOUT_MS = 200;

export interface MasterOptions {
  readonly address: SentinelAddress | ClusterAddress;
  /** Begins all keys, whose slot on a Cluster is that of `{prefix}`. */
  readonly prefix: string;
  /** How long each of those who are asked may take. */
  readonly timeoutMs: number;
}

/** Asks one who knows where the master is. */
type Guide = (redis: Redis, asked: HostPort) => Promise<HostPort>;

type MasterSettings = Pick<
  RedisOptions,
  'Connector' | 'username' | 'password' | 'tls' | 'db' | 'reconnectOnError'
>;

type Emit = (type: string, error: Error) => void;

/**
 * What leads a connection of ioredis to the master, anew each time it connects: to the one that the Sentinels name, or
 * on a Cluster to the owner of the slot in which all keys of a hub lie. So a hub talks to one Redis at a time, whatever
 * stands behind it, and what holds for a single Redis holds for all: transactions, the order between publishing and
 * hearing, and a pong after every message. A channel is told on all nodes of a Cluster.
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

/** The slot has another master now, or this one has lost the others, who may have elected another. */
function leadsElsewhere({ message }: Error): boolean {
  return /^(?:MOVED|CLUSTERDOWN) /.test(message);
}

class MasterConnector extends AbstractConnector {
  readonly #options: MasterOptions;
  readonly #guide: Guide;
  #asked: readonly Redis[] = [];
  #emit: Emit | undefined;

  constructor(options: MasterOptions) {
    super(DISCONNECT_TIMEOUT_MS);
    this.#options = options;
    const { address, prefix } = options;
    this.#guide = address.kind === 'sentinel' ? toMasterNamed(address.master) : toOwnerOf(prefix);
  }

  /** Never rejects, since ioredis does not try again after that: what failed is a socket that is closed already. */
  override async connect(emit: Emit): Promise<Socket> {
    this.connecting = true;
    this.#emit = emit;
    try {
      const { host, port } = await this.#find();
      if (!this.connecting) throw new Error('Closed before it was connected');
      this.stream = this.#options.address.tls ? connectTls({ host, port }) : connectTcp({ host, port });
      this.stream.once('error', (error: Error) => (this.firstError = error));
    } catch (error) {
      this.firstError = error as Error;
      this.stream = new Socket().destroy();
    }
    return this.stream;
  }

  /** Whoever was named may have become a replica, and not everybody may know. */
  override check({ role = 'master' }: { readonly role?: string }): boolean {
    if (role !== 'master') this.#emit?.('error', new Error(`What was named as the master is a ${role}`));
    return role === 'master';
  }

  override disconnect(): void {
    for (const redis of this.#asked) redis.disconnect();
    super.disconnect();
  }

  /** The first answer counts: one of those who are asked may hang. */
  async #find(): Promise<HostPort> {
    const { hosts } = this.#options.address;
    const asked = hosts.map((host) => ({ host, redis: this.#clientOf(host) }));
    this.#asked = asked.map(({ redis }) => redis);
    try {
      return await Promise.any(asked.map(({ host, redis }) => this.#ask(redis, host)));
    } catch (error) {
      const reasons = (error as AggregateError).errors.map((each) => (each as Error).message);
      throw new Error(`nobody knows the master (${reasons.join('; ')})`, { cause: error });
    } finally {
      for (const { redis } of asked) redis.disconnect();
    }
  }

  async #ask(redis: Redis, asked: HostPort): Promise<HostPort> {
    let fault: unknown;
    redis.on('error', (error) => (fault = error));
    try {
      return await this.#guide(redis, asked);
    } catch (error) {
      // That the connection is closed says less than what closed it.
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
      retryStrategy: () => null,
      enableReadyCheck: false,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    });
  }
}

function toMasterNamed(name: string): Guide {
  return async (redis) => {
    const found = (await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as [string, string] | null;
    if (found === null) throw new Error(`knows no master "${name}"`);
    return { host: found[0], port: Number(found[1]) };
  };
}

type SlotRange = readonly [first: number, last: number, master: readonly [host: string | null, port: number]];

function toOwnerOf(prefix: string): Guide {
  return async (redis, asked) => {
    const [info, slot, ranges] = (await Promise.all([
      redis.call('CLUSTER', 'INFO'),
      redis.call('CLUSTER', 'KEYSLOT', `{${prefix}}`),
      redis.call('CLUSTER', 'SLOTS'),
    ])) as [string, number, readonly SlotRange[]];
    // It would serve nothing, and perhaps does not know yet who will.
    if (!info.includes('cluster_state:ok')) throw new Error('sees the cluster as failed');
    const owner = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2];
    if (owner === undefined) throw new Error(`knows no master of slot ${slot}`);
    const [host, port] = owner;
    return { host: host || asked.host, port };
  };
}
