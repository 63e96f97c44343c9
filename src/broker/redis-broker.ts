import type { Cursor } from '../model/cursor.ts';
import { shardOfCursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import { Layout } from '../model/shards.ts';
import type {
  Broker,
  BrokerStats,
  DeadLetterQueue,
  Deliver,
  EventPage,
  History,
  LatestQuery,
  Permits,
  Retained,
  RetainedPages,
  RetainedQuery,
  Shards,
} from './broker.ts';
import { brokerStatsOf } from './broker-stats.ts';
import type { Leases } from './leases.ts';
import { limitsOfShard } from './log-share.ts';
import type { RedisBrokerOptions } from './redis-broker-options.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisDeadLetters } from './redis-dead-letters.ts';
import { FunctionLibrary } from './redis-function-library.ts';
import { IngressConsumer } from './redis-ingress-consumer.ts';
import { StoredLayout } from './redis-layout.ts';
import { RedisLeases } from './redis-leases.ts';
import { bodyOf } from './redis-log-entry.ts';
import { MergedRetained } from './redis-merged-retained.ts';
import { ingressScripts } from './redis-scripts.ts';
import { noShard, RedisShard, type ShardOptions } from './redis-shard.ts';
import { shardsReady } from './redis-shards-ready.ts';
import { SplitPublish } from './redis-split-publish.ts';
import { Subscribers } from './redis-subscriber.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/**
 * The broker of many nodes. Each shard has a log in Redis, which is a stream, and a channel that tells what was appended to
 * it. Any service may publish as well: durably through the ingress or the function `belfry_publish`, or live only by
 * `PUBLISH <prefix>:events`. A node that was cut off reads what it missed from the log; where the log does not have it any
 * more, the node tells a `belfry.gap` event.
 */
export class RedisBroker implements Broker, Shards, History, Retained {
  readonly deadLetters: DeadLetterQueue;
  readonly leases: Leases;
  readonly #options: ShardOptions;
  readonly #shards: ReadonlyMap<number, RedisShard>;
  readonly #own: RedisShard;
  readonly #layout: Layout;
  readonly #stored: StoredLayout;
  readonly #ingress: IngressConsumer;
  /** The connection of the ingress, which blocks until an entry arrives there. */
  readonly #taker: RedisConnection;
  readonly #split: SplitPublish;
  readonly #retained: MergedRetained;
  readonly #library: FunctionLibrary;
  #deliver: Deliver | undefined;
  #timers: (() => void)[] = [];

  constructor(given: RedisBrokerOptions) {
    const layout = given.layout ?? Layout.single;
    const options: ShardOptions = {
      retention: Retention.none,
      redaction: Redaction.none,
      connectTimeoutMs: 10_000,
      commandTimeoutMs: 5_000,
      ...given,
      ...limitsOfShard(given, layout),
    };
    const subscribers = new Subscribers();
    const shards = layout.shards.map(
      (shard) => new RedisShard(shard, { ...options, layout, shard }, subscribers),
    );
    const [own] = shards as [RedisShard];
    this.#options = options;
    this.#layout = layout;
    this.#shards = new Map(shards.map((shard) => [shard.keys.shard, shard]));
    this.#own = own;
    this.#stored = new StoredLayout(own.commands, own.keys, layout);
    this.#taker = new RedisConnection(own.connectionOf('ingress', { scripts: ingressScripts(options) }));
    const others = shards.slice(1);
    this.leases = new RedisLeases(own.commands, own.keys, others);
    this.deadLetters = new RedisDeadLetters(own.commands, own.reads, own.keys, options.clock);
    this.#ingress = new IngressConsumer(this.#taker, own.keys, {
      ...options,
      ...(!layout.isSingle && { moveTo: (type, key) => this.#of(layout.shardOf(type, key)) }),
    });
    this.#split = new SplitPublish((shard, ...what) => this.#of(shard).publish(...what));
    this.#retained = new MergedRetained(
      () => layout,
      (shard) => this.#of(shard).retained,
    );
    this.#library = new FunctionLibrary(shards, options.log);
  }

  /**
   * @throws BelfryError `unavailable`, with the reason, and `config_invalid` when the hub has another layout; then nothing is
   * left open
   */
  async start(deliver: Deliver): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options;
    const shards = [...this.#shards.values()];
    this.#deliver = deliver;
    try {
      await Promise.all([this.#own.open(), this.#taker.open(connectTimeoutMs)]);
      await this.#stored.agree();
      await this.#openOthers(shards.slice(1));
      await this.#library.load();
      for (const { commands } of shards) commands.redis.on('ready', () => void this.#library.restore());
      await this.#own.follow(deliver);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ingress.start();
    this.#timers = [
      clock.every(WATCH_MS, () => this.#watch()),
      clock.every(UPKEEP_MS, () => shards.forEach((shard) => void shard.trim())),
    ];
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** @throws BelfryError `cursor_invalid` for a shard that the hub does not have, as well */
  async follow(shard: number): Promise<Cursor> {
    if (this.#deliver === undefined) throw notRunning();
    return this.#of(shard).follow(this.#deliver);
  }

  unfollow(shard: number): void {
    if (shard !== 0) void this.#shards.get(shard)?.unfollow();
  }

  /** @throws BelfryError `event_too_big` as well */
  publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    try {
      const bodies = events.map((event) => bodyOf(event, now, this.#options));
      if (this.#layout.isSingle) return this.#own.publish(bodies, once, fence);
      return this.#split.publish(this.#layout, bodies, now, once, fence);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get brokerStats(): BrokerStats {
    const shards = Array.from(this.#shards.values(), ({ stats }) => stats);
    return brokerStatsOf(shards, this.#ingress);
  }

  async ready(): Promise<void> {
    if (this.#deliver === undefined) throw notRunning();
    await shardsReady([...this.#shards.values()]);
  }

  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#deliver = undefined;
    await this.#ingress.stop(this.#own.commands);
    await Promise.all(Array.from(this.#shards.values(), (shard) => shard.close()));
  }

  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    return this.#of(shardOfCursor(after)).history.page(after, until);
  }

  after(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#of(shardOfCursor(cursor)).history.after(cursor);
  }

  before(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#of(shardOfCursor(cursor)).history.before(cursor);
  }

  async retained(shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    return this.#of(shard).retained.retained(queries);
  }

  async tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#of(shardOfCursor(after)).retained.tail(query, after, until);
  }

  keeps(type: string): boolean {
    return this.#retained.keeps(type);
  }

  latest(type: string, query?: LatestQuery): ReturnType<Retained['latest']> {
    return this.#retained.latest(type, query);
  }

  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined> {
    return this.#retained.latestOf(type, key, permits);
  }

  /** The shards of a master that is away are opened when it is back, and the others go on without them. */
  async #openOthers(shards: readonly RedisShard[]): Promise<void> {
    const opened = await Promise.allSettled(shards.map((shard) => shard.open()));
    const away = shards.filter((_, i) => opened[i]?.status === 'rejected').map(({ keys }) => keys.shard);
    if (away.length > 0)
      this.#options.log.warn(
        { shards: away },
        'these shards cannot be reached; the node begins without them',
      );
  }

  #of(shard: number): RedisShard {
    const found = this.#shards.get(shard);
    if (found === undefined) throw noShard(shard);
    return found;
  }

  #watch(): void {
    for (const shard of this.#shards.values()) void shard.watch();
    void this.#library.restore();
    // A Redis that was emptied has no layout, and one that another hub has taken over has another.
    this.#stored.agree().catch((error: unknown) => {
      if (this.#own.isConnected) this.#options.log.error({ err: error }, 'cannot keep the layout of the hub');
    });
  }
}

function notRunning(): BelfryError {
  return new BelfryError('unavailable', 'The broker is not running.');
}
