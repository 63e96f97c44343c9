import type { Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import { Layout } from '../model/shards.ts';
import type {
  Broker,
  Deliver,
  DeadLetterQueue,
  EventPage,
  BrokerStats,
  History,
  LatestQuery,
  Permits,
  Retained,
  RetainedPages,
  RetainedQuery,
  Shards,
} from './broker.ts';
import type { Leases } from './leases.ts';
import { ChannelReader } from './redis-channel-reader.ts';
import { RedisDeadLetters } from './redis-dead-letters.ts';
import { LogFollower } from './redis-log-follower.ts';
import { IngressConsumer } from './redis-ingress-consumer.ts';
import { NodeConnections } from './redis-node-connections.ts';
import { FunctionLibrary } from './redis-function-library.ts';
import { RedisHistory } from './redis-history.ts';
import { ReadLimiter } from './redis-read-limiter.ts';
import { bodyOf } from './redis-log-entry.ts';
import { redisKeys, type RedisKeys } from './redis-keys.ts';
import { trimLogByAge } from './redis-log-trim.ts';
import { LogReader, SHARED_PAGE_BYTES } from './redis-log-reader.ts';
import { RedisLeases } from './redis-leases.ts';
import { RedisPublisher } from './redis-publisher.ts';
import { DeliveryProbe } from './redis-delivery-probe.ts';
import { EventDecoder } from './redis-event-decoder.ts';
import type { RedisBrokerOptions } from './redis-broker-options.ts';
import { RetainedEviction } from './redis-retained-eviction.ts';
import { RedisRetained } from './redis-retained.ts';
import { StoredHubRules } from './redis-hub-rules.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/**
 * The broker of many nodes: the log is a stream in Redis, and a channel tells each node what was appended to it. Any
 * service may publish as well: durably through the ingress or the function `belfry_publish`, or live only by `PUBLISH
 * <prefix>:events`. A node that was cut off reads what it missed from the log; where the log does not have it any
 * more, the node tells a `belfry.gap` event.
 */
export class RedisBroker implements Broker, Shards, History, Retained {
  readonly layout = Layout.single;
  readonly deadLetters: DeadLetterQueue;
  readonly leases: Leases;
  readonly #options: RedisBrokerOptions & { readonly retention: Retention; readonly redaction: Redaction };
  readonly #keys: RedisKeys;
  readonly #connections: NodeConnections;
  readonly #ingress: IngressConsumer;
  readonly #publisher: RedisPublisher;
  readonly #history: RedisHistory;
  readonly #retained: RedisRetained;
  readonly #library: FunctionLibrary;
  readonly #probe: DeliveryProbe;
  readonly #kept: RetainedEviction;
  #follower: LogFollower | undefined;
  #timers: (() => void)[] = [];

  constructor(options: RedisBrokerOptions) {
    const { log, clock, commandTimeoutMs = 5_000 } = options;
    this.#options = { retention: Retention.none, redaction: Redaction.none, ...options };
    const keys = redisKeys(options.prefix);
    const channels = new ChannelReader({
      [keys.channel]: (message) => this.#follower?.hear(message) ?? false,
      [keys.live]: (message) => this.#follower?.hearLive(message) ?? false,
    });
    const connections = new NodeConnections({ ...this.#options, commandTimeoutMs, channels });
    const { commands, reads, subscriber, taker } = connections;
    this.#keys = keys;
    this.#connections = connections;
    this.#ingress = new IngressConsumer(taker, keys, this.#options, commandTimeoutMs);
    this.#publisher = new RedisPublisher({ connection: commands, keys, clock, commandTimeoutMs });
    const past = new ReadLimiter(reads);
    this.leases = new RedisLeases(commands, keys);
    this.deadLetters = new RedisDeadLetters(commands, past, keys, clock);
    this.#retained = new RedisRetained(past, keys, this.#options);
    const pages = new LogReader(past, keys, SHARED_PAGE_BYTES);
    this.#history = new RedisHistory(pages, this.#retained, this.#options);
    this.#library = new FunctionLibrary(commands, new StoredHubRules(commands, keys, this.#options), log);
    this.#kept = new RetainedEviction(commands, keys, this.#options);
    this.#probe = new DeliveryProbe(commands, subscriber, keys, clock);
  }

  /** @throws BelfryError `unavailable`, with the reason; then nothing is left open */
  async start(deliver: Deliver): Promise<void> {
    const { clock, log, connectTimeoutMs = 10_000 } = this.#options;
    const reader = new EventDecoder(this.#options);
    const pages = new LogReader(this.#connections.reads, this.#keys);
    const follower = new LogFollower({ log: pages, reader, deliver, clock, logger: log });
    this.#follower = follower;
    this.#connections.subscriber.redis.on('close', () => follower.pause());
    try {
      await this.#connections.open(connectTimeoutMs);
      this.#connections.commands.redis.on('ready', () => {
        this.#connections.reconnectToMaster();
        void this.#mend(follower);
        this.#restore();
      });
      for (const connection of [this.#connections.reads, this.#connections.subscriber])
        connection.redis.on('ready', () => void this.#mend(follower));
      await Promise.allSettled([this.#publisher.begin(), this.#library.load()]);
      await this.#listen(follower);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ingress.start();
    // Else a node would not be called ready until the first regular probe. A failure shows in the state of the probe.
    await this.#probe.run(follower).catch(() => undefined);
    this.#timers = [
      clock.every(WATCH_MS, () => void this.#watch(follower)),
      clock.every(UPKEEP_MS, () => void trimLogByAge(this.#connections.commands, this.#keys, this.#options)),
    ];
  }

  onLayout(): void {}
  unfollow(): void {}
  async follow(): Promise<Cursor> {
    if (this.#follower === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
    return this.#follower.position;
  }

  /** @throws BelfryError `event_too_big` as well */
  publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    try {
      const bodies = events.map((event) => bodyOf(event, now, this.#options));
      return this.#publisher.publish(bodies, once, fence);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get brokerStats(): BrokerStats {
    const state = this.#follower?.state;
    const isHeard = this.#connections.isConnected && (state === 'following' || state === 'reading');
    return {
      published: this.#publisher.published + this.#ingress.moved,
      refused: this.#publisher.refused,
      trouble: this.#publisher.trouble,
      isHealthy: this.#probe.holds && isHeard,
      probeMs: this.#probe.ms,
      gapsDetected: 0,
      gapsRepaired: 0,
      streamsMended: this.#ingress.streams.mended,
      ingressGone: this.#ingress.streams.gone,
      retainedGone: this.#kept.gone,
      heldBytes: { ...this.#ingress.streams.held, retained: this.#kept.held },
      ...this.#follower?.gaps,
    };
  }

  async ready(): Promise<void> {
    if (this.#follower === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
    await this.#probe.run(this.#follower);
  }

  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#follower = undefined;
    this.#publisher.stop();
    await this.#ingress.stop(this.#connections.commands);
    await this.#connections.close();
  }

  page(after: Cursor, until?: Cursor): Promise<EventPage> {
    return this.#history.page(after, until);
  }

  after(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#history.after(cursor);
  }

  before(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#history.before(cursor);
  }

  retained(shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    return this.#history.retained(shard, queries);
  }

  tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#history.tail(query, after, until);
  }

  keeps(type: string): boolean {
    return this.#retained.keeps(type);
  }

  latest(type: string, query?: LatestQuery): Promise<{ events: HubEvent[]; total: number }> {
    return this.#retained.latest(type, query);
  }

  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined> {
    return this.#retained.latestOf(type, key, permits);
  }

  /** Subscribes to the channel, and reads from the log what was published before the subscription began. */
  async #listen(follower: LogFollower): Promise<void> {
    await this.#connections.subscriber.ask((redis) => redis.subscribe(this.#keys.channel, this.#keys.live));
    await follower.catchUp();
  }

  /**
   * Calls {@link #listen} again after a connection is back. A failure while a connection is away is not logged, since
   * its return calls this again.
   */
  async #mend(follower: LogFollower): Promise<void> {
    try {
      await this.#listen(follower);
    } catch (error) {
      if (this.#connections.isConnected)
        this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /** Restores what must exist in Redis so that this node can publish, and so that services can call the function. */
  #restore(): void {
    void Promise.allSettled([this.#publisher.begin(), this.#library.restore()]);
  }

  async #watch(follower: LogFollower): Promise<void> {
    this.#restore();
    void this.#kept.run();
    if (follower.state === 'paused') return this.#mend(follower);
    try {
      await this.#probe.run(follower);
    } catch (error) {
      // A follower that is reading the log already would gain nothing from a new subscription.
      if (!this.#connections.isConnected || follower.state !== 'following') return;
      this.#options.log.warn(
        { err: error },
        'events do not reach this node through Redis; subscribing again',
      );
      this.#connections.subscriber.renew();
    }
  }
}
