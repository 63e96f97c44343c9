import type { Logger } from 'pino';
import { compareCursors, type Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import { canonicalJson, type HubEvent, type NewEvent } from '../model/event.ts';
import type { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import {
  tooBig,
  type Broker,
  type History,
  type LogBounds,
  type Retained,
  type RetainedWish,
} from './broker.ts';
import { RedisConnection } from './redis-connection.ts';
import { Feed } from './redis-feed.ts';
import { RedisLog, redisNames, type Body, type RedisNames } from './redis-log.ts';
import { Reader, type ReaderOptions } from './redis-reader.ts';
import { RedisRetained } from './redis-retained.ts';
import { LIBRARY_NAME, publishLibrary, publishScript } from './redis-scripts.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

export interface RedisBrokerOptions extends ReaderOptions {
  /** `redis://[user:password@]host:port[/db]`, or `rediss://` for TLS. */
  readonly url: string;
  /** Begins every key and channel: `belfry`. Without braces and colons. */
  readonly prefix: string;
  readonly bounds: LogBounds;
  /** Alike on all nodes. Absent: nothing but the log is kept. */
  readonly retention?: Retention;
  /** What the function belfry_publish masks in what others publish. The other ways in are masked by who hands this in. */
  readonly redaction?: Redaction;
  readonly log: Logger;
  /** How long `start` tries to reach Redis. */
  readonly connectTimeoutMs?: number;
  /** How long any command may take before it counts as failed. */
  readonly commandTimeoutMs?: number;
}

/**
 * The broker of many nodes: the log is a stream in Redis, and a channel tells each node what was appended. Any service
 * may publish too, for good through the function `belfry_publish`, or live only by `PUBLISH <prefix>:events`. A node
 * that was cut off reads what it missed from the log; what is lost there is told by a `belfry.gap` event.
 */
export class RedisBroker implements Broker, History, Retained {
  readonly #options: RedisBrokerOptions & { readonly retention: Retention };
  readonly #names: RedisNames;
  readonly #commands: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #log: RedisLog;
  readonly #retained: RedisRetained;
  #feed: Feed | undefined;
  #timers: (() => void)[] = [];
  #libraryRefused = false;

  constructor(options: RedisBrokerOptions) {
    const { url, prefix, log, commandTimeoutMs = 5_000 } = options;
    this.#options = { retention: Retention.none, ...options };
    this.#names = redisNames(prefix);
    const scripts = { belfryPublish: { lua: publishScript(this.#options) } };
    this.#commands = new RedisConnection({ url, role: 'commands', commandTimeoutMs, scripts, log });
    this.#subscriber = new RedisConnection({ url, role: 'subscriber', commandTimeoutMs, log });
    this.#log = new RedisLog(this.#commands, this.#names);
    this.#retained = new RedisRetained(this.#commands, this.#names, this.#options);
  }

  /** @throws BelfryError `unavailable`, with the reason; nothing is left open then */
  async start(deliver: (event: HubEvent) => void): Promise<Cursor> {
    const { clock, log, connectTimeoutMs = 10_000 } = this.#options;
    const reader = new Reader(this.#options);
    const feed = new Feed({ log: this.#log, reader, deliver, clock, logger: log });
    this.#subscriber.redis.on('messageBuffer', (_channel: Buffer, message: Buffer) => feed.hear(message));
    this.#subscriber.redis.on('close', () => feed.pause());
    try {
      await Promise.all([this.#commands.open(connectTimeoutMs), this.#subscriber.open(connectTimeoutMs)]);
      this.#commands.redis.on('ready', () => void Promise.all([this.#mend(feed), this.#loadLibrary()]));
      this.#subscriber.redis.on('ready', () => void this.#mend(feed));
      await this.#loadLibrary('REPLACE');
      await this.#listen(feed);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#feed = feed;
    this.#timers = [
      clock.every(WATCH_MS, () => void this.#watch(feed)),
      clock.every(UPKEEP_MS, () => void this.#upkeep()),
    ];
    return feed.position;
  }

  /** @throws BelfryError `event_too_big` as well */
  async publish(events: readonly NewEvent[], idempotencyKey?: string): Promise<Cursor[]> {
    return this.#log.append(
      events.map((event) => this.#body(event)),
      idempotencyKey,
    );
  }

  async ready(): Promise<void> {
    if (this.#feed === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
    await this.#proveFlow(this.#feed);
  }

  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#feed = undefined;
    await Promise.all([this.#subscriber.close(), this.#commands.close()]);
  }

  async *after(cursor: Cursor): AsyncGenerator<HubEvent> {
    const reader = new Reader(this.#options);
    for await (const entry of this.#log.after(cursor)) {
      const event = reader.entry('log', entry);
      if (event !== undefined) yield event;
    }
  }

  async *before(cursor: Cursor): AsyncGenerator<HubEvent> {
    const reader = new Reader(this.#options);
    for await (const entry of this.#log.before(cursor)) {
      const event = reader.entry('log', entry);
      reader.breakOff();
      if (event !== undefined) yield event;
    }
  }

  retained(wishes: readonly RetainedWish[]): Promise<{ events: HubEvent[]; cursor: Cursor }> {
    return this.#retained.retained(wishes);
  }

  keepsLatest(type: string): boolean {
    return this.#retained.keepsLatest(type);
  }

  latest(type: string): Promise<HubEvent[]> {
    return this.#retained.latest(type);
  }

  latestOf(type: string, key: string): Promise<HubEvent | undefined> {
    return this.#retained.latestOf(type, key);
  }

  #body(event: NewEvent): Body {
    const { clock, maxEventBytes, retention } = this.#options;
    const json = canonicalJson({ ...event, time: event.time ?? new Date(clock.now()).toISOString() });
    const bytes = Buffer.byteLength(json);
    if (bytes > maxEventBytes) throw tooBig(bytes, maxEventBytes);
    const { type, action, key } = event;
    return { json, kind: retention.of(event) && [type, action, key] };
  }

  /** Hears the channel from now on, and reads what was said while it did not. */
  async #listen(feed: Feed): Promise<void> {
    await this.#subscriber.ask((redis) => redis.subscribe(this.#names.channel));
    await feed.catchUp();
  }

  /** {@link #listen}, again after a connection is back. While one is away there is nothing to do but wait for it. */
  async #mend(feed: Feed): Promise<void> {
    try {
      await this.#listen(feed);
    } catch (error) {
      if (this.#isConnected) this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /**
   * Each pong comes after every message that was published before it. So when the log had an entry before the ping
   * that was not heard before the pong, the node is deaf, however sound its connections look.
   * @throws BelfryError `unavailable`
   */
  async #proveFlow(feed: Feed): Promise<void> {
    const before = feed.position;
    const last = await this.#log.last();
    await this.#subscriber.ask((redis) => redis.ping());
    if (feed.state === 'paused') throw new BelfryError('unavailable', 'The node is cut off from the log.');
    if (feed.state === 'reading') return;
    if (compareCursors(last, before) < 0) throw new BelfryError('unavailable', 'The log has lost its end.');
    if (compareCursors(feed.position, last) < 0) {
      throw new BelfryError('unavailable', 'The node does not hear what is published.');
    }
  }

  async #watch(feed: Feed): Promise<void> {
    if (feed.state === 'paused') return this.#mend(feed);
    try {
      await this.#proveFlow(feed);
    } catch (error) {
      if (!this.#isConnected) return;
      this.#options.log.warn({ err: error }, 'events do not flow; subscribing anew');
      this.#subscriber.renew();
    }
  }

  async #upkeep(): Promise<void> {
    const { clock, bounds, log } = this.#options;
    try {
      await this.#log.trim(clock.now() - bounds.maxAgeMs);
    } catch (error) {
      if (this.#isConnected) log.warn({ err: error }, 'cannot trim the log');
    }
    await this.#loadLibrary();
  }

  /** With `REPLACE` the version of this node takes over; without, only a library that went missing is put back. */
  async #loadLibrary(replace?: 'REPLACE'): Promise<void> {
    const library = publishLibrary(this.#options);
    try {
      await this.#commands.ask((redis) =>
        replace ? redis.function('LOAD', replace, library) : redis.function('LOAD', library),
      );
    } catch (error) {
      const isThere = error instanceof Error && error.message.includes(`'${LIBRARY_NAME}' already exists`);
      if (isThere || this.#libraryRefused || !this.#isConnected) return;
      this.#libraryRefused = true;
      this.#options.log.warn(
        { err: error },
        'cannot load the function belfry_publish: services cannot call it; all else works',
      );
    }
  }

  get #isConnected(): boolean {
    return this.#commands.isReady && this.#subscriber.isReady;
  }
}
