import type { Cursor } from '../model/cursor.ts';
import { shardOfCursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import { Layout, type Fans } from '../model/shards.ts';
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
import { limitsOfShard } from './log-share.ts';
import type { RedisBrokerOptions } from './redis-broker-options.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisDeadLetters } from './redis-dead-letters.ts';
import { FunctionLibrary } from './redis-function-library.ts';
import { IngressConsumer } from './redis-ingress-consumer.ts';
import { RedisLayouts } from './redis-layouts.ts';
import { RedisLeases } from './redis-leases.ts';
import { movingIn } from './redis-ingress-move.ts';
import { bodyOf, type Body } from './redis-log-entry.ts';
import { MergedRetained } from './redis-merged-retained.ts';
import { ingressScripts } from './redis-scripts.ts';
import type { ShardOptions } from './redis-shard.ts';
import { RedisShards } from './redis-shards.ts';
import { shardsReady } from './redis-shards-ready.ts';
import type { Division, Reshard } from './reshard.ts';

const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/**
 * The broker of many nodes. Each shard has a log in Redis, which is a stream, and a channel that tells what was appended to
 * it. Any service may publish as well: durably through the ingress or the function `belfry_publish`, or live only by
 * `PUBLISH <prefix>:events`. A node that was cut off reads what it missed from the log; where the log does not have it any
 * more, the node tells a `belfry.gap` event.
 */
export class RedisBroker implements Broker, Shards, Reshard, History, Retained {
  readonly deadLetters: DeadLetterQueue;
  readonly leases: RedisLeases;
  readonly #options: ShardOptions;
  readonly #shards: RedisShards;
  readonly #layouts: RedisLayouts;
  readonly #ingress: IngressConsumer;
  /** The connection of the ingress, which blocks until an entry arrives there. */
  readonly #taker: RedisConnection;
  readonly #retained: MergedRetained;
  readonly #library: FunctionLibrary;
  #deliver: Deliver | undefined;
  #timers: (() => void)[] = [];

  constructor(given: RedisBrokerOptions) {
    const wanted = given.layout ?? Layout.single;
    const options: ShardOptions = {
      retention: Retention.none,
      redaction: Redaction.none,
      connectTimeoutMs: 10_000,
      commandTimeoutMs: 5_000,
      ...given,
      divided: () => void this.#layouts.check(),
    };
    const shards = new RedisShards(options, wanted, ({ commands }) =>
      commands.redis.on('ready', () => void this.#library.restore()),
    );
    const { own } = shards;
    this.#options = options;
    this.#shards = shards;
    this.#library = new FunctionLibrary(shards, options.log);
    this.#layouts = new RedisLayouts(wanted, {
      ...options,
      shards,
      library: this.#library,
      publishIn: (...what) => this.#publishIn(...what),
    });
    this.#taker = new RedisConnection(
      own.connectionOf('ingress', {
        scripts: ingressScripts({ ...options, ...limitsOfShard(given, wanted) }),
      }),
    );
    this.leases = new RedisLeases(own.commands, own.keys, () => shards.others);
    this.deadLetters = new RedisDeadLetters(own.commands, own.reads, own.keys, options.clock);
    this.#ingress = new IngressConsumer(this.#taker, own.keys, {
      ...options,
      commands: own.commands,
      moving: () => movingIn(this.#layouts.newest, (shard) => shards.of(shard)),
    });
    this.#retained = new MergedRetained(
      () => this.#layouts.newest,
      (shard) => shards.of(shard).retained,
    );
  }

  /**
   * @throws BelfryError `unavailable`, with the reason, and `config_invalid` when the hub has another layout; then nothing is
   * left open
   */
  async start(deliver: Deliver): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options;
    const { own } = this.#shards;
    this.#deliver = deliver;
    try {
      await Promise.all([own.open(), this.#taker.open(connectTimeoutMs)]);
      await this.#layouts.start();
      own.commands.redis.on('ready', () => void this.#library.restore());
      await own.follow(deliver);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ingress.start();
    this.#timers = [
      clock.every(WATCH_MS, () => this.#watch()),
      clock.every(UPKEEP_MS, () => void this.#layouts.upkeep()),
    ];
    // The hub may be being divided at this moment.
    void this.#layouts.check();
  }

  get layout(): Layout {
    return this.#layouts.delivered;
  }

  onLayout(changed: (before: Layout) => void): void {
    this.#layouts.onLayout(changed);
  }

  /** @throws BelfryError `cursor_invalid` for a shard that the hub does not have, as well */
  async follow(shard: number, from?: Cursor): Promise<Cursor> {
    if (this.#deliver === undefined) throw notRunning();
    return this.#shards.of(shard).follow(this.#deliver, from);
  }

  unfollow(shard: number): void {
    if (shard !== 0) void this.#shards.get(shard)?.unfollow();
  }

  reshard(count: number, fans: Fans): Promise<void> {
    return this.#layouts.reshard(count, fans);
  }

  async used(): Promise<number> {
    const { stored } = await this.division();
    return stored.first + stored.count;
  }

  division(): Promise<Division> {
    return this.#layouts.division();
  }

  /** @throws BelfryError `event_too_big` as well */
  publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    const now = this.#options.clock.now();
    try {
      const bodies = events.map((event) => bodyOf(event, now, this.#options));
      return this.#layouts.publish(bodies, now, once, fence);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get brokerStats(): BrokerStats {
    const { stats, counted } = this.#shards;
    return brokerStatsOf(stats, this.#ingress, counted);
  }

  async ready(): Promise<void> {
    if (this.#deliver === undefined) throw notRunning();
    await shardsReady([...this.#shards]);
  }

  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#deliver = undefined;
    this.#layouts.stop();
    await this.#ingress.stop();
    await this.#shards.close();
  }

  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    return this.#shards.historyOf(after, this.layout).page(after, until);
  }

  after(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#shards.historyOf(cursor, this.layout).after(cursor);
  }

  before(cursor: Cursor): AsyncIterable<HubEvent> {
    return this.#shards.historyOf(cursor, this.layout).before(cursor);
  }

  async retained(shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    return this.#shards.of(shard).retained.retained(queries);
  }

  async tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#shards.of(shardOfCursor(after)).retained.tail(query, after, until);
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

  #publishIn(shard: number, bodies: readonly Body[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    const to = this.#shards.get(shard);
    if (to === undefined) return Promise.reject(notRunning());
    const published = to.publish(bodies, once, fence);
    if (fence === undefined || shard === 0) return published;
    return published.catch(async (error: unknown) => {
      // The shard may be newer than the lease.
      const isLost = error instanceof BelfryError && error.code === 'lease_lost';
      if (!isLost || !(await this.leases.bring(fence, to))) throw error;
      return to.publish(bodies, once, fence);
    });
  }

  #watch(): void {
    this.#shards.letGo(this.layout);
    for (const shard of this.#shards) void shard.watch();
    void this.#library.restore();
    // A Redis that was emptied has no layout, and a message that tells of another one may have been lost.
    void this.#layouts.check();
  }
}

function notRunning(): BelfryError {
  return new BelfryError('unavailable', 'The broker is not running.');
}
