import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { Principal } from '../model/principal.ts';
import type { ConnectionQuery } from './connection-query.ts';
import type { NodeDirectory, NodeRecord, OwnReport, RedisFacts, SettingHashes } from './node-directory.ts';
import { NodeLease, type LeaseTimes } from './redis-node-lease.ts';
import { listOf } from './redis-connection-list.ts';
import { registryKeys } from './redis-registry-keys.ts';
import { nodesOf, redisFactsOf, settingsOf } from './redis-node-directory.ts';
import { OwnConnections } from './redis-own-connections.ts';
import { onlineOf, presenceOf } from './redis-presence.ts';
import { ChangeWriter, type RegistryConnection, type RegistryNode } from './redis-change-writer.ts';
import {
  PRESENCE_GRACE_MS,
  type PresenceReader,
  type ConnectionPage,
  type ConnectionRecord,
  type Lifecycle,
  type OnlinePage,
  type OnlineQuery,
  type Presence,
  type Registry,
  type RegistryLimits,
} from './registry.ts';

export interface RedisRegistryOptions extends Partial<LeaseTimes> {
  /** A connection with the scripts of `registryScripts`, which is open from before `start` until after `stop`. */
  readonly connection: RegistryConnection;
  readonly clock: Clock;
  readonly log: Logger;
  /** The beginning of every key, `belfry` by default. It must be that of the broker, whose log takes the changes. */
  readonly prefix: string;
  /** The name of this node. */
  readonly name: string;
  /** A random word of this process, which no other process has. */
  readonly boot: string;
  /** What this node reports to the other nodes. */
  readonly about: OwnReport;
  /** For how long the connections of a dead node stay in the registry. */
  readonly leaseMs?: number;
  readonly graceMs?: number;
}

/**
 * The connection registry of many nodes: indexes in Redis, which one script changes together with the log. Each node
 * has a lease on its connections. When a lease has expired, any other node removes the connections; a node that was
 * not dead enters them again. At every renewal a node compares its connections with those in the registry, which
 * corrects whatever went wrong in between.
 */
export class RedisRegistry implements Registry, PresenceReader, NodeDirectory, Lifecycle {
  readonly #registry: RegistryNode;
  readonly #writer: ChangeWriter;
  readonly #own: OwnConnections;
  readonly #lease: NodeLease;

  constructor(options: RedisRegistryOptions) {
    const { connection, clock, prefix, name, boot, about, log } = options;
    const { leaseMs = 10_000, graceMs = PRESENCE_GRACE_MS } = options;
    const { renewMs = 5_000, reapMs = 2_000, expireMs = 1_000 } = options;
    const keys = registryKeys(prefix);
    this.#registry = { connection, clock, keys, node: `${name}/${boot}`, leaseMs, graceMs };
    this.#writer = new ChangeWriter(this.#registry);
    this.#own = new OwnConnections(this.#registry, this.#writer);
    const [registry, own, times] = [this.#registry, this.#own, { renewMs, reapMs, expireMs }];
    this.#lease = new NodeLease({ registry, times, own, about, log });
  }

  /** @throws BelfryError `unavailable` */
  start(): Promise<void> {
    return this.#lease.start();
  }

  async stop(): Promise<void> {
    await this.#own.removeAll('node stopped');
    await this.#lease.stop();
  }

  add(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    return this.#own.add(record, limits);
  }

  update(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    return this.#own.update(record, limits);
  }

  remove(id: string, reason: string): void {
    this.#own.remove(id, reason);
  }

  list(query: ConnectionQuery): Promise<ConnectionPage> {
    return this.#read((redis, { keys }) => listOf(redis, keys, query));
  }

  presence(principal: Principal): Promise<Presence> {
    return this.#read((redis, registry) => presenceOf(redis, registry, principal));
  }

  online(query: OnlineQuery): Promise<OnlinePage> {
    return this.#read((redis, registry) => onlineOf(redis, registry, query));
  }

  get id(): string {
    return this.#registry.node;
  }

  nodes(): Promise<readonly NodeRecord[]> {
    return this.#read((redis, { keys }) => nodesOf(redis, keys));
  }

  settingsOf(id: string): Promise<SettingHashes | undefined> {
    return this.#read((redis, { keys }) => settingsOf(redis, keys, id));
  }

  redisFacts(): Promise<RedisFacts> {
    return this.#read((redis) => redisFactsOf(redis));
  }

  /** Changes of this turn are sent first, so that a caller finds its own connection in the answer. */
  #read<T>(read: (redis: Redis, registry: RegistryNode) => Promise<T>): Promise<T> {
    this.#writer.flush();
    return this.#registry.connection.ask((redis) => read(redis, this.#registry));
  }
}
