import type { Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import type {
  Broker,
  Dead,
  EventPage,
  Flow,
  History,
  LatestWish,
  Permits,
  Retained,
  RetainedPages,
  RetainedWish,
} from './broker.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisDead } from './redis-dead.ts';
import { Feed } from './redis-feed.ts';
import { Inbox } from './redis-inbox.ts';
import { Library } from './redis-library.ts';
import { bodyOf, RedisLog, redisNames, type RedisNames } from './redis-log.ts';
import { RedisHistory } from './redis-history.ts';
import { Lane } from './redis-lane.ts';
import { RedisPages, SHARED_PAGE_BYTES } from './redis-pages.ts';
import { Proof } from './redis-proof.ts';
import { Reader } from './redis-reader.ts';
import type { RedisBrokerOptions } from './redis-options.ts';
import { RedisRetained } from './redis-retained.ts';
import { SharedRules } from './redis-rules.ts';
import { commandScripts, inboxScripts, readScripts } from './redis-scripts.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/**
 * The broker of many nodes: the log is a stream in Redis, and a channel tells each node what was appended. Any service
 * may publish too, for good through the inbox or the function `belfry_publish`, or live only by
 * `PUBLISH <prefix>:events`. A node that was cut off reads what it missed from the log; what is lost there is told by a
 * `belfry.gap` event.
 */
export class RedisBroker implements Broker, History, Retained {
  readonly dead: Dead;
  readonly #options: RedisBrokerOptions & { readonly retention: Retention; readonly redaction: Redaction };
  readonly #names: RedisNames;
  readonly #ofNodes: Buffer;
  readonly #commands: RedisConnection;
  /** What is read at length keeps nobody waiting who publishes. */
  readonly #reads: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #taker: RedisConnection;
  readonly #inbox: Inbox;
  readonly #log: RedisLog;
  readonly #history: RedisHistory;
  readonly #retained: RedisRetained;
  readonly #library: Library;
  readonly #proof: Proof;
  #feed: Feed | undefined;
  #published = 0;
  #timers: (() => void)[] = [];

  constructor(options: RedisBrokerOptions) {
    const { url, prefix, log, commandTimeoutMs = 5_000 } = options;
    this.#options = { retention: Retention.none, redaction: Redaction.none, ...options };
    this.#names = redisNames(prefix);
    this.#ofNodes = Buffer.from(this.#names.channel);
    const connect = (role: string, scripts = {}, bulk = false): RedisConnection =>
      new RedisConnection({ url, prefix, role, commandTimeoutMs, bulk, scripts, log });
    this.#commands = connect('commands', commandScripts(this.#options));
    this.#reads = connect('reads', readScripts(), true);
    this.#subscriber = connect('subscriber');
    this.#taker = connect('inbox', inboxScripts(this.#options));
    this.#inbox = new Inbox(this.#taker, this.#names, this.#options, commandTimeoutMs);
    this.#log = new RedisLog(this.#commands, this.#names);
    const past = new Lane(this.#reads);
    this.dead = new RedisDead(this.#commands, past, this.#names);
    this.#retained = new RedisRetained(past, this.#names, this.#options);
    const pages = new RedisPages(past, this.#names, SHARED_PAGE_BYTES);
    this.#history = new RedisHistory(pages, this.#retained, this.#options);
    const rules = new SharedRules(this.#commands, this.#names.rules, this.#options);
    this.#library = new Library(this.#commands, rules, log);
    this.#proof = new Proof(this.#log, this.#subscriber, options.clock);
  }

  /** @throws BelfryError `unavailable`, with the reason; nothing is left open then */
  async start(deliver: (event: HubEvent) => void): Promise<Cursor> {
    const { clock, log, connectTimeoutMs = 10_000 } = this.#options;
    const reader = new Reader(this.#options);
    const pages = new RedisPages(this.#reads, this.#names);
    const feed = new Feed({ log: pages, reader, deliver, clock, logger: log });
    const hear = (channel: Buffer, message: Buffer): void =>
      channel.equals(this.#ofNodes) ? feed.hear(message) : feed.hearLive(message);
    this.#subscriber.redis.on('messageBuffer', hear);
    this.#subscriber.redis.on('close', () => feed.pause());
    try {
      const connections = [this.#commands, this.#reads, this.#subscriber, this.#taker];
      await Promise.all(connections.map((connection) => connection.open(connectTimeoutMs)));
      this.#commands.redis.on('ready', () => {
        this.#reunite();
        void Promise.all([this.#mend(feed), this.#library.restore()]);
      });
      for (const connection of [this.#reads, this.#subscriber])
        connection.redis.on('ready', () => void this.#mend(feed));
      await this.#library.load();
      await this.#listen(feed);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#inbox.start();
    this.#feed = feed;
    this.#timers = [
      clock.every(WATCH_MS, () => void this.#watch(feed)),
      clock.every(UPKEEP_MS, () => void this.#upkeep()),
    ];
    return feed.position;
  }

  /** @throws BelfryError `event_too_big` as well */
  async publish(events: readonly NewEvent[], idempotencyKey?: string): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    const bodies = events.map((event) => bodyOf(event, now, this.#options));
    const ids = await this.#log.append(bodies, idempotencyKey);
    this.#published += ids.length;
    return ids;
  }

  get flow(): Flow {
    const state = this.#feed?.state;
    const isHeard = this.#isConnected && (state === 'following' || state === 'reading');
    return {
      published: this.#published + this.#inbox.moved,
      isProved: this.#proof.holds && isHeard,
      proofMs: this.#proof.ms,
      holesFound: 0,
      holesRepaired: 0,
      ...this.#feed?.holes,
    };
  }

  async ready(): Promise<void> {
    if (this.#feed === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
    await this.#proof.run(this.#feed);
  }

  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#feed = undefined;
    await this.#inbox.stop(this.#commands);
    await Promise.all([this.#subscriber, this.#reads, this.#commands].map((each) => each.close()));
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

  retained(wishes: readonly RetainedWish[]): Promise<RetainedPages> {
    return this.#history.retained(wishes);
  }

  tail(wish: RetainedWish, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#history.tail(wish, after, until);
  }

  keeps(type: string): boolean {
    return this.#retained.keeps(type);
  }

  latest(type: string, wish?: LatestWish): Promise<{ events: HubEvent[]; total: number }> {
    return this.#retained.latest(type, wish);
  }

  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined> {
    return this.#retained.latestOf(type, key, permits);
  }

  /** Hears the channel from now on, and reads what was said while it did not. */
  async #listen(feed: Feed): Promise<void> {
    await this.#subscriber.ask((redis) => redis.subscribe(this.#names.channel, this.#names.live));
    await feed.catchUp();
  }

  /**
   * A master that became a replica keeps its subscribers, and tells them what happens elsewhere after a while only; a
   * pong would prove nothing then.
   */
  #reunite(): void {
    if (!this.#isConnected) return;
    const others = [this.#reads, this.#subscriber].filter(({ peer }) => peer !== this.#commands.peer);
    for (const connection of others) connection.renew();
  }

  /** {@link #listen}, again after a connection is back. While one is away there is nothing to do but wait for it. */
  async #mend(feed: Feed): Promise<void> {
    try {
      await this.#listen(feed);
    } catch (error) {
      if (this.#isConnected) this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  async #watch(feed: Feed): Promise<void> {
    void this.#library.restore();
    if (feed.state === 'paused') return this.#mend(feed);
    try {
      await this.#proof.run(feed);
    } catch (error) {
      // Who reads already has nothing to gain from another subscription.
      if (!this.#isConnected || feed.state !== 'following') return;
      this.#options.log.warn({ err: error }, 'events do not flow; subscribing anew');
      this.#subscriber.renew();
    }
  }

  async #upkeep(): Promise<void> {
    const { bounds, log } = this.#options;
    try {
      await this.#log.trim(bounds.maxAgeMs);
    } catch (error) {
      if (this.#isConnected) log.warn({ err: error }, 'cannot trim the log');
    }
  }

  get #isConnected(): boolean {
    return this.#commands.isReady && this.#reads.isReady && this.#subscriber.isReady;
  }
}
