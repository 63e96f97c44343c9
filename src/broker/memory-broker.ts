import type { Clock } from '../model/clock.ts';
import { compareCursors, END, START, type Cursor } from '../model/cursor.ts';
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
import { bound } from '../model/bound.ts';

const PAGE = bound('events of one read of the past', 500, 'entries', 'the others are read next');

type Logged = HubEvent & { readonly id: Cursor };

/** The broker of a single node without Redis: its log lives in the memory of this process and ends with it. */
export class MemoryBroker implements Broker, Shards, History, Retained {
  readonly layout = Layout.single;
  readonly leases: MemoryLeases;
  readonly deadLetters: DeadLetterQueue;
  readonly #clock: Clock;
  readonly #bounds: LogBounds;
  readonly #maxEventBytes: number;
  readonly #redaction: Redaction;
  readonly #retained: MemoryRetained;
  #deliver: Deliver | undefined;
  /** Entries before `#head` are trimmed; their memory is freed once they are the larger half of the array. */
  #log: Logged[] = [];
  #head = 0;
  #bytes = 0;
  #last: Cursor = START;
  #published = 0;
  readonly #idempotency: MemoryIdempotency;

  constructor({
    clock,
    bounds,
    retention = Retention.none,
    maxEventBytes = Infinity,
    maxRetainedBytes = Infinity,
    redaction = Redaction.none,
  }: {
    clock: Clock;
    bounds: LogBounds;
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
    this.#bounds = bounds;
    this.#maxEventBytes = maxEventBytes;
    this.#redaction = redaction;
    this.#retained = new MemoryRetained(clock, retention, maxRetainedBytes);
  }

  async start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
  }

  onLayout(): void {}

  async follow(): Promise<Cursor> {
    await this.ready();
    return this.#last;
  }

  unfollow(): void {}

  async publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    await this.ready();
    const known = once && this.#idempotency.recall(once);
    if (known !== undefined) return [...known];
    if (fence !== undefined) this.leases.check(fence);
    // Nothing below waits, so events that `deliver` publishes come after these, in the log and in delivery.
    const entries = events.map((event) => this.#measured(event)).map((event) => this.#append(event));
    const ids = entries.map(({ id }) => id);
    if (once !== undefined) this.#idempotency.remember(once, ids);
    this.#trim();
    this.#published += ids.length;
    for (const entry of entries) this.#deliver?.(entry);
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
      heldBytes: { log: this.#bytes, retained: this.#retained.bytes, ingress: 0 },
    };
  }

  async ready(): Promise<void> {
    if (this.#deliver === undefined) throw new BelfryError('unavailable', 'The broker is not running.');
  }

  async stop(): Promise<void> {
    this.#deliver = undefined;
  }

  /** The events of a page are in memory already, so a page needs no bound in bytes. */
  async page(after: Cursor, until = END): Promise<EventPage> {
    this.#trim();
    const from = this.#indexAfter(after);
    const to = Math.max(from, this.#indexAfter(until));
    const events = this.#log.slice(from, Math.min(to, from + PAGE));
    const isLast = from + events.length === to;
    return { events, to: isLast && until !== END ? until : (events.at(-1)?.id ?? after), isLast };
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
    let page: readonly Logged[];
    do {
      this.#trim();
      const end = this.#indexAfter(cursor);
      const to = this.#log[end - 1]?.id === cursor ? end - 1 : end;
      page = this.#log.slice(Math.max(this.#head, to - PAGE), Math.max(this.#head, to)).toReversed();
      yield* page;
      cursor = page.at(-1)?.id ?? cursor;
    } while (page.length === PAGE);
  }

  async retained(_shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    const cursor = this.#last;
    const all = queries.map((query) => this.#retained.requested(query));
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

  #append(event: HubEvent): Logged {
    const id = nextId(this.#last, this.#clock.now());
    const entry = { ...event, id, previous: this.#last };
    this.#last = id;
    this.#bytes += event.size;
    this.#log.push(entry);
    this.#retained.keep(entry);
    return entry;
  }

  #trim(): void {
    const oldest = `${Math.max(0, this.#clock.now() - this.#bounds.maxAgeMs)}-0`;
    const { maxEvents, maxBytes } = this.#bounds;
    for (let entry = this.#log[this.#head]; entry !== undefined; entry = this.#log[this.#head]) {
      const held = this.#log.length - this.#head;
      const isFull = held > maxEvents || (this.#bytes > maxBytes && held > 1);
      if (!isFull && compareCursors(entry.id, oldest) >= 0) break;
      this.#bytes -= entry.size;
      this.#head++;
    }
    if (this.#head * 2 <= this.#log.length) return;
    this.#log = this.#log.slice(this.#head);
    this.#head = 0;
  }

  /** The index of the first entry after the cursor, found by bisection. */
  #indexAfter(cursor: Cursor): number {
    let [low, high] = [this.#head, this.#log.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#log[middle];
      if (entry !== undefined && compareCursors(entry.id, cursor) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The next id; it is higher than the last one even when the clock was set back. */
function nextId(last: Cursor, now: number): Cursor {
  const dash = last.indexOf('-');
  const lastMs = Number(last.slice(0, dash));
  return now > lastMs ? `${now}-0` : `${lastMs}-${Number(last.slice(dash + 1)) + 1}`;
}
