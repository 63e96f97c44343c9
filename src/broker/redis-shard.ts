import { entryOfCursor, type Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import type { Deliver, LogBounds, ShardStats } from './broker.ts';
import type { RedisBrokerOptions } from './redis-broker-options.ts';
import { RedisConnection, type ConnectionOptions } from './redis-connection.ts';
import { RedisHistory } from './redis-history.ts';
import { StoredHubRules, type HubRules } from './redis-hub-rules.ts';
import { nameOf, redisKeys, type RedisKeys } from './redis-keys.ts';
import type { Body, BodyOptions } from './redis-log-entry.ts';
import { LogReader, SHARED_PAGE_BYTES } from './redis-log-reader.ts';
import { trimLogByAge } from './redis-log-trim.ts';
import { MasterClock } from './redis-master-clock.ts';
import { RedisPublisher } from './redis-publisher.ts';
import { ReadLimiter } from './redis-read-limiter.ts';
import { RedisRetained } from './redis-retained.ts';
import { RetainedEviction } from './redis-retained-eviction.ts';
import { commandScripts, ingressScripts, readScripts } from './redis-scripts.ts';
import { ShardListener } from './redis-shard-listener.ts';
import { StreamRepair } from './redis-stream-repair.ts';
import type { Subscribers } from './redis-subscriber.ts';

export type ShardOptions = RedisBrokerOptions &
  BodyOptions &
  HubRules & {
    readonly connectTimeoutMs: number;
    readonly commandTimeoutMs: number;
    /** Called when the hub was divided anew. */
    readonly divided?: () => void;
  };

/**
 * One shard of a hub in Redis: its log, what is retained of it, and its channel. On a Cluster all its connections lead to the
 * master of its slot. There is one connection for each kind of work that would otherwise make another kind wait.
 */
export class RedisShard {
  readonly keys: RedisKeys;
  /** For all that is short. */
  readonly commands: RedisConnection;
  /** For long reads, so that they do not delay a publish. */
  readonly reads: ReadLimiter;
  readonly publisher: RedisPublisher;
  readonly retained: RedisRetained;
  readonly history: RedisHistory;
  readonly rules: StoredHubRules;
  readonly #options: ShardOptions;
  readonly #subscribers: Subscribers;
  readonly #reads: RedisConnection;
  readonly #kept: RetainedEviction;
  readonly #repair: StreamRepair;
  readonly #masterClock: MasterClock;
  #listener: ShardListener | undefined;
  #from: Cursor | undefined;
  /** The gaps of listeners that are closed, since a count must not fall. */
  #gaps = { gapsDetected: 0, gapsRepaired: 0 };
  #opening: Promise<void> | undefined;

  /** The shards of a node share the connections on which they are heard. */
  constructor(shard: number, options: ShardOptions, subscribers: Subscribers) {
    const keys = redisKeys(options.prefix, shard);
    const { clock, commandTimeoutMs } = options;
    this.#options = options;
    this.#subscribers = subscribers;
    this.keys = keys;
    const scripts = { ...commandScripts(options), ...(shard === 0 && ingressScripts(options)) };
    this.commands = new RedisConnection(this.connectionOf('commands', { scripts }));
    this.#reads = new RedisConnection(this.connectionOf('reads', { scripts: readScripts(), bulk: true }));
    this.reads = new ReadLimiter(this.#reads);
    this.publisher = new RedisPublisher({ connection: this.commands, keys, clock, commandTimeoutMs });
    this.retained = new RedisRetained(this.reads, keys, options);
    const pages = new LogReader(this.reads, keys, SHARED_PAGE_BYTES);
    this.history = new RedisHistory(pages, this.retained, options);
    this.rules = new StoredHubRules(this.commands, keys, options);
    this.#kept = new RetainedEviction(this.commands, keys, options);
    this.#masterClock = new MasterClock(this.commands, clock);
    this.#repair = new StreamRepair(this.commands, keys, options);
  }

  /** How far back its log reaches. */
  get bounds(): LogBounds {
    return this.#options.bounds;
  }

  /** What a connection to the master of this shard is made with. */
  connectionOf(role: string, more: Partial<ConnectionOptions> = {}): ConnectionOptions {
    const { url, prefix, commandTimeoutMs, log } = this.#options;
    const name = nameOf(prefix, this.keys.shard);
    const called = this.keys.shard === 0 ? role : `${role}-${this.keys.shard}`;
    return { url, prefix: name, commandTimeoutMs, log, role: called, ...more };
  }

  /** Goes on trying after a rejection. @throws BelfryError `unavailable`, with the reason */
  async open(): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    try {
      await Promise.all([this.commands, this.#reads].map((connection) => connection.open(connectTimeoutMs)));
      await this.publisher.begin().catch(() => undefined);
      await this.#masterClock.compare();
    } finally {
      this.commands.redis.on('ready', () => this.#back());
      this.#reads.redis.on('ready', () => this.#listener?.mend());
    }
  }

  /**
   * Delivers what is published in this shard from now on, or after a position of its log.
   * @throws BelfryError `unavailable`
   */
  async follow(deliver: Deliver, from?: Cursor): Promise<Cursor> {
    this.#from ??= from;
    // Where the master is not known, there is nothing to listen to, and the client need not wait for it.
    if (this.#listener === undefined) await this.commands.ask((redis) => redis.ping());
    const listener = (this.#listener ??= new ShardListener({
      ...this.#options,
      from,
      keys: this.keys,
      subscribers: this.#subscribers,
      connection: this.connectionOf('subscriber', { role: 'subscriber' }),
      commands: this.commands,
      reads: this.#reads,
      deliver,
    }));
    this.#opening ??= listener.open(this.#options.connectTimeoutMs);
    try {
      await this.#opening;
    } catch (error) {
      if (this.#listener === listener) await this.#endListening();
      throw error;
    }
    // The state of the probe tells whether the shard is heard. Else it would not be known until the next check.
    await listener.probe().catch(() => undefined);
    return listener.position;
  }

  /** How far this node has delivered the shard, if it follows it or is about to follow it from a position. */
  get position(): Cursor | undefined {
    return this.#listener?.position ?? this.#from;
  }

  async unfollow(): Promise<void> {
    this.#from = undefined;
    await this.#endListening();
  }

  async #endListening(): Promise<void> {
    const listener = this.#listener;
    this.#gaps = this.#allGaps();
    this.#listener = undefined;
    this.#opening = undefined;
    await listener?.close();
  }

  publish(bodies: readonly Body[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    return this.publisher.publish(bodies, once, fence);
  }

  /** @throws BelfryError `unavailable`, when the shard cannot be reached, or is followed and not heard */
  async ready(): Promise<void> {
    if (this.#listener !== undefined) await this.#listener.probe();
    else await this.commands.ask((redis) => redis.ping());
  }

  get isFollowed(): boolean {
    return this.#listener !== undefined;
  }

  get isConnected(): boolean {
    return this.commands.isReady && this.#reads.isReady && this.#listener?.isConnected !== false;
  }

  get stats(): ShardStats {
    const { held: retained, gone: retainedGone } = this.#kept;
    return {
      shard: this.keys.shard,
      published: this.publisher.published,
      refused: this.publisher.refused,
      trouble: this.publisher.trouble,
      isFollowed: this.isFollowed,
      isHealthy: this.isConnected && this.#listener?.isHealthy !== false,
      probeMs: this.#listener?.probeMs ?? 0,
      ...this.#allGaps(),
      streamsMended: this.#repair.mended,
      retainedGone,
      clockOffsetMs: this.#masterClock.offsetMs,
      heldBytes: { log: this.#repair.held.log, retained },
    };
  }

  /** What must exist in Redis so that this node can publish, and so that services can call the function. */
  async restore(): Promise<void> {
    await Promise.allSettled([this.publisher.begin(), this.rules.restore()]);
  }

  /** Checks what may be wrong, and mends what it can. Never rejects. */
  async watch(): Promise<void> {
    // The ingress is checked together with the log of shard 0, in the order in which its entries are moved.
    const checks = this.keys.shard === 0 ? [] : [this.#repair.check()];
    await Promise.allSettled([this.restore(), this.#kept.run(), this.#listener?.watch(), ...checks]);
  }

  /** What has time until the next minute. */
  async upkeep(): Promise<void> {
    await trimLogByAge(this.commands, this.keys, this.#options);
    await this.#masterClock.compare();
  }

  /** Whether its log, which is closed, has nothing up to its end any more. @throws BelfryError `unavailable` */
  async hasRunOut(end: Cursor): Promise<boolean> {
    await trimLogByAge(this.commands, this.keys, this.#options, '=');
    const left = await this.commands.ask((redis) =>
      redis.xrange(this.keys.log, '-', entryOfCursor(end), 'COUNT', 1),
    );
    return left.length === 0;
  }

  async close(): Promise<void> {
    this.publisher.stop();
    await this.unfollow();
    await Promise.all([this.#reads, this.commands].map((connection) => connection.close()));
  }

  #allGaps(): { readonly gapsDetected: number; readonly gapsRepaired: number } {
    const { gapsDetected = 0, gapsRepaired = 0 } = this.#listener?.gaps ?? {};
    return {
      gapsDetected: this.#gaps.gapsDetected + gapsDetected,
      gapsRepaired: this.#gaps.gapsRepaired + gapsRepaired,
    };
  }

  /** Connects what leads to another server than the commands do, since that one is the master now. */
  #back(): void {
    const { peer } = this.commands;
    if (this.#reads.isReady && this.#reads.peer !== peer) this.#reads.renew();
    this.#listener?.leadTo(peer);
    this.#listener?.mend();
    // A master that has lost its Cluster tells the time, and nothing else.
    void this.restore().then(() => this.#masterClock.compare());
  }
}

/** A shard that a position names and the hub does not have. */
export function noShard(shard: number): BelfryError {
  return new BelfryError(
    'cursor_invalid',
    `The hub has no shard ${shard}. Expected a position that this hub has given out.`,
  );
}
