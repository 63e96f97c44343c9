import type { Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
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
import { RedisDead } from './redis-dead.ts';
import { Feed } from './redis-feed.ts';
import { Inbox } from './redis-inbox.ts';
import { RedisLinks } from './redis-links.ts';
import { Library } from './redis-library.ts';
import { RedisHistory } from './redis-history.ts';
import { Lane } from './redis-lane.ts';
import { bodyOf, redisNames, trimLog, type RedisNames } from './redis-log.ts';
import { RedisPages, SHARED_PAGE_BYTES } from './redis-pages.ts';
import { RedisPublisher } from './redis-publisher.ts';
import { Proof } from './redis-proof.ts';
import { Reader } from './redis-reader.ts';
import type { RedisBrokerOptions } from './redis-options.ts';
import { RetainedCheck } from './redis-retained-check.ts';
import { RedisRetained } from './redis-retained.ts';
import { SharedRules } from './redis-rules.ts';

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
  readonly #links: RedisLinks;
  readonly #inbox: Inbox;
  readonly #publisher: RedisPublisher;
  readonly #history: RedisHistory;
  readonly #retained: RedisRetained;
  readonly #library: Library;
  readonly #proof: Proof;
  readonly #kept: RetainedCheck;
  #feed: Feed | undefined;
  #timers: (() => void)[] = [];

  constructor(options: RedisBrokerOptions) {
    const { prefix, log, clock, commandTimeoutMs = 5_000 } = options;
    this.#options = { retention: Retention.none, redaction: Redaction.none, ...options };
    const names = redisNames(prefix);
    const links = new RedisLinks({ ...this.#options, commandTimeoutMs });
    const { commands, reads, subscriber, taker } = links;
    this.#names = names;
    this.#ofNodes = Buffer.from(names.channel);
    this.#links = links;
    this.#inbox = new Inbox(taker, names, this.#options, commandTimeoutMs);
    this.#publisher = new RedisPublisher({ connection: commands, names, clock, commandTimeoutMs });
    const past = new Lane(reads);
    this.dead = new RedisDead(commands, past, names);
    this.#retained = new RedisRetained(past, names, this.#options);
    const pages = new RedisPages(past, names, SHARED_PAGE_BYTES);
    this.#history = new RedisHistory(pages, this.#retained, this.#options);
    this.#library = new Library(commands, new SharedRules(commands, names.rules, this.#options), log);
    this.#kept = new RetainedCheck(commands, names, this.#options);
    this.#proof = new Proof(commands, subscriber, names, clock);
  }

  /** @throws BelfryError `unavailable`, with the reason; nothing is left open then */
  async start(deliver: (event: HubEvent) => void): Promise<Cursor> {
    const { clock, log, connectTimeoutMs = 10_000 } = this.#options;
    const reader = new Reader(this.#options);
    const pages = new RedisPages(this.#links.reads, this.#names);
    const feed = new Feed({ log: pages, reader, deliver, clock, logger: log });
    const hear = (channel: Buffer, message: Buffer): void =>
      channel.equals(this.#ofNodes) ? feed.hear(message) : feed.hearLive(message);
    this.#links.subscriber.redis.on('messageBuffer', hear);
    this.#links.subscriber.redis.on('close', () => feed.pause());
    try {
      await this.#links.open(connectTimeoutMs);
      this.#links.commands.redis.on('ready', () => {
        this.#links.reunite();
        void Promise.all([this.#mend(feed), this.#restore()]);
      });
      for (const connection of [this.#links.reads, this.#links.subscriber])
        connection.redis.on('ready', () => void this.#mend(feed));
      await Promise.allSettled([this.#publisher.begin(), this.#library.load()]);
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
  async publish(events: readonly NewEvent[], once?: Once): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    const bodies = events.map((event) => bodyOf(event, now, this.#options));
    return this.#publisher.publish(bodies, once);
  }

  get flow(): Flow {
    const state = this.#feed?.state;
    const isHeard = this.#links.isConnected && (state === 'following' || state === 'reading');
    return {
      published: this.#publisher.published + this.#inbox.moved,
      refused: this.#publisher.refused,
      trouble: this.#publisher.trouble,
      isProved: this.#proof.holds && isHeard,
      proofMs: this.#proof.ms,
      holesFound: 0,
      holesRepaired: 0,
      streamsMended: this.#inbox.streams.mended,
      inboxGone: this.#inbox.streams.gone,
      retainedGone: this.#kept.gone,
      heldBytes: { ...this.#inbox.streams.held, retained: this.#kept.held },
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
    this.#publisher.stop();
    await this.#inbox.stop(this.#links.commands);
    await this.#links.close();
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
    await this.#links.subscriber.ask((redis) => redis.subscribe(this.#names.channel, this.#names.live));
    await feed.catchUp();
  }

  /** {@link #listen}, again after a connection is back. While one is away there is nothing to do but wait for it. */
  async #mend(feed: Feed): Promise<void> {
    try {
      await this.#listen(feed);
    } catch (error) {
      if (this.#links.isConnected)
        this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /** What the node needs in Redis to publish, and others to publish to it. */
  async #restore(): Promise<void> {
    await Promise.allSettled([this.#publisher.begin(), this.#library.restore()]);
  }

  async #watch(feed: Feed): Promise<void> {
    void this.#restore();
    void this.#kept.run();
    if (feed.state === 'paused') return this.#mend(feed);
    try {
      await this.#proof.run(feed);
    } catch (error) {
      // Who reads already has nothing to gain from another subscription.
      if (!this.#links.isConnected || feed.state !== 'following') return;
      this.#options.log.warn({ err: error }, 'events do not flow; subscribing anew');
      this.#links.subscriber.renew();
    }
  }

  async #upkeep(): Promise<void> {
    const { bounds, log } = this.#options;
    try {
      await trimLog(this.#links.commands, this.#names, bounds.maxAgeMs);
    } catch (error) {
      if (this.#links.isConnected) log.warn({ err: error }, 'cannot trim the log');
    }
  }
}
