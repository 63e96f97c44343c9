import type { Clock } from '../model/clock.ts';
import { shardOfCursor, type Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import { Redaction } from '../model/redaction.ts';
import { Retention } from '../model/retention.ts';
import { Layout } from '../model/shards.ts';
import { eventAsLogged } from './logged-event.ts';
import type {
  Broker,
  Deliver,
  EventPage,
  BrokerStats,
  DeadLetterQueue,
  History,
  LatestQuery,
  LogBounds,
  Permits,
  Retained,
  RetainedPages,
  RetainedQuery,
  Shards,
} from './broker.ts';
import { MemoryDeadLetters } from './memory-dead-letters.ts';
import { STATS_WITHOUT_REDIS } from './memory-unsupported.ts';
import { MemoryIdempotency } from './memory-idempotency.ts';
import { MemoryLeases } from './memory-leases.ts';
import { MemoryRetained } from './memory-retained.ts';
import type { Division, Reshard } from './reshard.ts';
import { MemoryLog } from './memory-log.ts';

/** The broker of a single node without Redis: its logs live in the memory of this process and end with it. */
export class MemoryBroker implements Broker, Shards, Reshard, History, Retained {
  readonly layout: Layout;
  readonly leases: MemoryLeases;
  readonly deadLetters: DeadLetterQueue;
  readonly #clock: Clock;
  readonly #maxEventBytes: number;
  readonly #redaction: Redaction;
  readonly #retained: MemoryRetained;
  #deliver: Deliver | undefined;
  readonly #logs: ReadonlyMap<number, MemoryLog>;
  readonly #followed = new Set([0]);
  #published = 0;
  readonly #idempotency: MemoryIdempotency;

  constructor({
    clock,
    bounds,
    layout = Layout.single,
    retention = Retention.none,
    maxEventBytes = Infinity,
    maxRetainedBytes = Infinity,
    redaction = Redaction.none,
  }: {
    clock: Clock;
    /** Of the log of each shard. */
    bounds: LogBounds;
    layout?: Layout;
    retention?: Retention;
    maxEventBytes?: number;
    maxRetainedBytes?: number;
    /** Masks what nobody may see in every event that is published or told. */
    redaction?: Redaction;
  }) {
    this.#clock = clock;
    this.deadLetters = new MemoryDeadLetters(clock);
    this.#idempotency = new MemoryIdempotency(clock);
    this.leases = new MemoryLeases(clock);
    this.layout = layout;
    this.#logs = new Map(layout.shards.map((shard) => [shard, new MemoryLog(shard, clock, bounds)]));
    this.#maxEventBytes = maxEventBytes;
    this.#redaction = redaction;
    this.#retained = new MemoryRetained(clock, retention, maxRetainedBytes);
  }

  async start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
  }

  async follow(shard: number): Promise<Cursor> {
    await this.ready();
    this.#followed.add(shard);
    return this.#logOf(shard).last;
  }

  /** Its layout does not change. */
  onLayout(): void {}

  async used(): Promise<number> {
    return this.layout.used;
  }

  reshard(): Promise<void> {
    const words =
      'A hub without Redis keeps the shards that it began with. Expected it to start with another BELFRY_SHARDS.';
    return Promise.reject(new BelfryError('reshard_refused', words));
  }

  async division(): Promise<Division> {
    const { newest } = this.layout;
    return { stored: newest, next: undefined, delivered: newest };
  }

  unfollow(shard: number): void {
    if (shard !== 0) this.#followed.delete(shard);
  }

  async publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    await this.ready();
    const known = once && this.#idempotency.recall(once);
    if (known !== undefined) return [...known];
    if (fence !== undefined) this.leases.check(fence);
    // Nothing below waits, so events that `deliver` publishes come after these, in the log and in delivery.
    const measured = events.map((event) => this.#measured(event));
    const entries = measured.map((event) =>
      this.#logOf(this.layout.shardOf(event.type, event.key)).append(event),
    );
    const ids = entries.map(({ id }) => id);
    if (once !== undefined) this.#idempotency.remember(once, ids);
    for (const entry of entries) this.#retained.keep(entry);
    for (const shard of new Set(ids.map(shardOfCursor))) this.#logOf(shard).trim();
    this.#published += ids.length;
    for (const entry of entries) if (this.#followed.has(shardOfCursor(entry.id))) this.#deliver?.(entry);
    return ids;
  }

  /** Delivers events without appending them to the log. */
  async tell(events: readonly NewEvent[]): Promise<void> {
    await this.ready();
    for (const event of events) this.#deliver?.(this.#measured(event));
  }

  get brokerStats(): BrokerStats {
    return {
      ...STATS_WITHOUT_REDIS,
      published: this.#published,
      isHealthy: this.#deliver !== undefined,
      retainedGone: this.#retained.gone,
      heldBytes: {
        log: [...this.#logs.values()].reduce((sum, { bytes }) => sum + bytes, 0),
        retained: this.#retained.bytes,
        ingress: 0,
      },
    };
  }

  async ready(): Promise<void> {
    if (this.#deliver === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
  }

  async stop(): Promise<void> {
    this.#deliver = undefined;
  }

  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    return this.#logOf(shardOfCursor(after)).page(after, until);
  }

  async *after(cursor: Cursor): AsyncGenerator<HubEvent> {
    for (let isLast = false; !isLast;) {
      const page = await this.page(cursor);
      yield* page.events;
      cursor = page.to;
      isLast = page.isLast;
    }
  }

  async *before(cursor: Cursor): AsyncGenerator<HubEvent> {
    yield* this.#logOf(shardOfCursor(cursor)).before(cursor);
  }

  async retained(shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    const cursor = this.#logOf(shard).last;
    const isInShard = ({ id = '' }: HubEvent): boolean => shardOfCursor(id) === shard;
    const all = queries.map((query) => this.#retained.requested(query).filter(isInShard));
    return { pages: all.map((events) => ({ events, to: cursor, isLast: true })), cursor };
  }

  /** The first page of {@link retained} holds everything, so there is never a second one. */
  async tail(_query: RetainedQuery, _after: Cursor, until: Cursor): Promise<EventPage> {
    return { events: [], to: until, isLast: true };
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

  #measured(event: NewEvent): HubEvent {
    const limits = { redaction: this.#redaction, eventMaxBytes: this.#maxEventBytes };
    return eventAsLogged(event, this.#clock.now(), limits).event;
  }

  #logOf(shard: number): MemoryLog {
    const log = this.#logs.get(shard);
    if (log !== undefined) return log;
    // A client may hand back a cursor of a shard that never was.
    return new MemoryLog(shard, this.#clock, { maxEvents: 0, maxBytes: 0, maxAgeMs: 0 });
  }
}
