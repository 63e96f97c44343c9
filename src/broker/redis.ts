import type { Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import type {
  Broker,
  DeadLetterQueue,
  EventPage,
  BrokerStats,
  History,
  LatestQuery,
  Permits,
  Retained,
  RetainedPages,
  RetainedQuery,
} from './broker.ts';
import { RedisDeadLetters } from './redis-dead-letters.ts';
import { LogFollower } from './redis-log-follower.ts';
import { Ingress } from './redis-ingress.ts';
import { RedisConnections } from './redis-connections.ts';
import { Library } from './redis-library.ts';
import { RedisHistory } from './redis-history.ts';
import { Lane } from './redis-lane.ts';
import { bodyOf, redisNames, trimLog, type RedisNames } from './redis-log.ts';
import { RedisPages, SHARED_PAGE_BYTES } from './redis-pages.ts';
import { RedisPublisher } from './redis-publisher.ts';
import { DeliveryProbe } from './redis-delivery-probe.ts';
import { EventDecoder } from './redis-event-decoder.ts';
import type { RedisBrokerOptions } from './redis-options.ts';
import { RetainedCheck } from './redis-retained-check.ts';
import { RedisRetained } from './redis-retained.ts';
import { SharedRules } from './redis-rules.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/**
 * The broker of many nodes: the log is a stream in Redis, and a channel tells each node what was appended. Any service
 * may publish too, for good through the ingress or the function `belfry_publish`, or live only by
 * `PUBLISH <prefix>:events`. A node that was cut off reads what it missed from the log; what is lost there is told by a
 * `belfry.gap` event.
 */
export class RedisBroker implements Broker, History, Retained {
  readonly deadLetters: DeadLetterQueue;
  readonly #options: RedisBrokerOptions & { readonly retention: Retention; readonly redaction: Redaction };
  readonly #names: RedisNames;
  readonly #ofNodes: Buffer;
  readonly #connections: RedisConnections;
  readonly #ingress: Ingress;
  readonly #publisher: RedisPublisher;
  readonly #history: RedisHistory;
  readonly #retained: RedisRetained;
  readonly #library: Library;
  readonly #probe: DeliveryProbe;
  readonly #kept: RetainedCheck;
  #follower: LogFollower | undefined;
  #timers: (() => void)[] = [];

  constructor(options: RedisBrokerOptions) {
    const { prefix, log, clock, commandTimeoutMs = 5_000 } = options;
    this.#options = { retention: Retention.none, redaction: Redaction.none, ...options };
    const names = redisNames(prefix);
    const connections = new RedisConnections({ ...this.#options, commandTimeoutMs });
    const { commands, reads, subscriber, taker } = connections;
    this.#names = names;
    this.#ofNodes = Buffer.from(names.channel);
    this.#connections = connections;
    this.#ingress = new Ingress(taker, names, this.#options, commandTimeoutMs);
    this.#publisher = new RedisPublisher({ connection: commands, names, clock, commandTimeoutMs });
    const past = new Lane(reads);
    this.deadLetters = new RedisDeadLetters(commands, past, names);
    this.#retained = new RedisRetained(past, names, this.#options);
    const pages = new RedisPages(past, names, SHARED_PAGE_BYTES);
    this.#history = new RedisHistory(pages, this.#retained, this.#options);
    this.#library = new Library(commands, new SharedRules(commands, names.rules, this.#options), log);
    this.#kept = new RetainedCheck(commands, names, this.#options);
    this.#probe = new DeliveryProbe(commands, subscriber, names, clock);
  }

  /** @throws BelfryError `unavailable`, with the reason; nothing is left open then */
  async start(deliver: (event: HubEvent) => void): Promise<Cursor> {
    const { clock, log, connectTimeoutMs = 10_000 } = this.#options;
    const reader = new EventDecoder(this.#options);
    const pages = new RedisPages(this.#connections.reads, this.#names);
    const follower = new LogFollower({ log: pages, reader, deliver, clock, logger: log });
    const hear = (channel: Buffer, message: Buffer): void =>
      channel.equals(this.#ofNodes) ? follower.hear(message) : follower.hearLive(message);
    this.#connections.subscriber.redis.on('messageBuffer', hear);
    this.#connections.subscriber.redis.on('close', () => follower.pause());
    try {
      await this.#connections.open(connectTimeoutMs);
      this.#connections.commands.redis.on('ready', () => {
        this.#connections.reunite();
        void Promise.all([this.#mend(follower), this.#restore()]);
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
    this.#follower = follower;
    this.#timers = [
      clock.every(WATCH_MS, () => void this.#watch(follower)),
      clock.every(UPKEEP_MS, () => void this.#upkeep()),
    ];
    return follower.position;
  }

  /** @throws BelfryError `event_too_big` as well */
  async publish(events: readonly NewEvent[], once?: Once): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    const bodies = events.map((event) => bodyOf(event, now, this.#options));
    return this.#publisher.publish(bodies, once);
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

  retained(queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    return this.#history.retained(queries);
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

  /** Hears the channel from now on, and reads what was said while it did not. */
  async #listen(follower: LogFollower): Promise<void> {
    await this.#connections.subscriber.ask((redis) => redis.subscribe(this.#names.channel, this.#names.live));
    await follower.catchUp();
  }

  /** {@link #listen}, again after a connection is back. While one is away there is nothing to do but wait for it. */
  async #mend(follower: LogFollower): Promise<void> {
    try {
      await this.#listen(follower);
    } catch (error) {
      if (this.#connections.isConnected)
        this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /** What the node needs in Redis to publish, and others to publish to it. */
  async #restore(): Promise<void> {
    await Promise.allSettled([this.#publisher.begin(), this.#library.restore()]);
  }

  async #watch(follower: LogFollower): Promise<void> {
    void this.#restore();
    void this.#kept.run();
    if (follower.state === 'paused') return this.#mend(follower);
    try {
      await this.#probe.run(follower);
    } catch (error) {
      // Who reads already has nothing to gain from another subscription.
      if (!this.#connections.isConnected || follower.state !== 'following') return;
      this.#options.log.warn({ err: error }, 'events do not flow; subscribing anew');
      this.#connections.subscriber.renew();
    }
  }

  async #upkeep(): Promise<void> {
    const { bounds, log } = this.#options;
    try {
      await trimLog(this.#connections.commands, this.#names, bounds.maxAgeMs);
    } catch (error) {
      if (this.#connections.isConnected) log.warn({ err: error }, 'cannot trim the log');
    }
  }
}
