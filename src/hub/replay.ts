import type { ReplayRequest, RetainedQuery, Subscription } from '../dialects/dialect.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { AT_ONCE, ReplayBatch } from './replay-batch.ts';
import type { Connection } from './connection.ts';
import type { Delivery } from './delivery.ts';
import { EncodedEvent } from './encoded-event.ts';
import type { EventLog } from './event-log.ts';
import { gapBetween, type Gap } from './gap.ts';
import { MAX_SELECTED } from './log-cache.ts';
import type { Stats } from './stats.ts';
import { matches } from './subscription.ts';
import { topicHashesOf, type TopicHash } from './topic-hash.ts';

export interface ReplayOptions {
  readonly eventLog: EventLog;
  readonly delivery: Pick<Delivery, 'sendTo' | 'tell'>;
  readonly stats: Stats;
  readonly clock: Pick<Clock, 'after' | 'now'>;
}

/** After this time a replay looks again whether the node has delivered what the client has heard already. */
const BEHIND_MS = 50;

/**
 * Sends one connection what its new subscriptions admit since a position in the log, up to the last event that this
 * node has delivered. It then calls `join` in the same turn, so that no event is missing or doubled between the replay
 * and the live events. If the log does not go back far enough, or does not know the position, a `belfry.gap` says so
 * first. Events that an older subscription of the connection has already admitted are not sent again.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #log: EventLog;
  readonly #connection: Connection;
  readonly #subscriptions: readonly Subscription[];
  readonly #request: ReplayRequest;
  /** Events of other topics need not be looked at. Absent where the subscriptions do not name few topics. */
  readonly #topics: readonly TopicHash[] | undefined;
  #at: Cursor;
  /** It is known whether the log has the position that was asked for. */
  #positioned = false;
  /** How long after an event that ends its stream the connection must be closed, if such an event was sent. */
  #closesAfterMs: number | undefined;
  /** For a request that selects: the events that it selects from, and those that came meanwhile, after `#liveAfter`. */
  #collected: HubEvent[] = [];
  readonly #batch: ReplayBatch;
  readonly #liveAfter: Cursor;

  constructor(
    options: ReplayOptions,
    connection: Connection,
    subscriptions: readonly Subscription[],
    request: ReplayRequest,
  ) {
    this.#options = options;
    this.#log = options.eventLog;
    this.#connection = connection;
    this.#subscriptions = subscriptions;
    this.#request = request;
    this.#topics = topicHashesOf(subscriptions);
    this.#batch = new ReplayBatch(options.delivery, connection);
    this.#at = START;
    this.#liveAfter = this.#log.position;
  }

  /**
   * Resolves with the time after which the connection must be closed, if an event that was sent ends its stream.
   * Rejects when the log cannot be read, and then `join` was not called.
   */
  async run(join: () => void): Promise<number | undefined> {
    const request = this.#request;
    if ('retained' in request) await this.#fromRetained(request);
    else if ('select' in request) await this.#fromSelected(`${this.#options.clock.now() - request.lastMs}-0`);
    else this.#at = request.since;
    await this.#toTheEnd(() => {
      if ('select' in request) this.#sendSelected(request.select);
      join();
    });
    return this.#closesAfterMs;
  }

  async #fromRetained({
    retained,
    as,
  }: Extract<ReplayRequest, { readonly retained: unknown }>): Promise<void> {
    const { pages, cursor } = await this.#log.cache.retained(retained);
    for (const [index, request] of retained.entries()) {
      const page = pages[index];
      for (const event of page?.events ?? []) {
        this.#add(event, as);
        if (this.#batch.isFull) await this.#batch.sent();
      }
      let at = page === undefined || page.isLast ? cursor : page.to;
      while (this.#connection.isOpen && compareCursors(at, cursor) < 0) {
        at = await this.#takeTail(request, { at, until: cursor }, as);
        if (this.#batch.isFull) await this.#batch.sent();
      }
    }
    await this.#batch.sent();
    this.#at = cursor;
  }

  /** Takes as much of a page of a tail as one write holds. Returns how far it got. */
  async #takeTail(
    request: RetainedQuery,
    { at, until }: { readonly at: Cursor; readonly until: Cursor },
    as?: (event: HubEvent) => HubEvent,
  ): Promise<Cursor> {
    const segment = await this.#log.cache.tail(request, at, until);
    for (const event of segment.after(at)) {
      if (compareCursors(event.id ?? START, until) > 0) return until;
      this.#add(event, as);
      if (this.#batch.isFull) return this.#at;
    }
    return compareCursors(segment.to, at) > 0 ? segment.to : until;
  }

  async #fromSelected(since: Cursor): Promise<void> {
    const { events, cursor } = await this.#log.cache.selected(this.#subscriptions, since);
    for (const event of events) this.#add(event);
    this.#at = cursor;
  }

  #sendSelected(select: (events: readonly HubEvent[]) => readonly HubEvent[]): void {
    const isLive = ({ id = START }: HubEvent): boolean => compareCursors(id, this.#liveAfter) > 0;
    const selected = new Set(select(this.#collected.filter((event) => !isLive(event))));
    const sent = this.#collected.filter((event) => selected.has(event) || isLive(event));
    // They go out in one write. One by one they could fill the queue of a client that has not read the first of them
    // yet.
    this.#options.delivery.sendTo(this.#connection, ...sent.map((event) => this.#log.encodings.of(event)));
  }

  async #toTheEnd(join: () => void): Promise<void> {
    const { recent } = this.#log.cache;
    while (this.#connection.isOpen) {
      if (!recent.covers(this.#at)) {
        if (compareCursors(this.#at, recent.to) > 0) await this.#untilDelivered();
        else await this.#fromHistory();
        continue;
      }
      this.#checkPosition(recent.positionOf(this.#at));
      const missed = recent.after(this.#at, AT_ONCE, this.#topics);
      for (const event of missed) {
        this.#add(event);
        if (this.#batch.isFull) break;
      }
      if (missed.length < AT_ONCE && !this.#batch.isFull) this.#at = recent.to;
      this.#batch.send();
      if (this.#at === recent.to && !this.#connection.isSlow) return join();
      await this.#connection.drained();
    }
  }

  /**
   * The client has received events on a node that was slightly ahead, which this node has not delivered yet. The
   * client joins after them; otherwise it would receive them twice. If the log does not reach the position either, the
   * position was never given out, or is lost.
   */
  async #untilDelivered(): Promise<void> {
    const { cache, history } = this.#log;
    const { recent } = cache;
    for await (const { id = START } of history.after(recent.to)) {
      if (compareCursors(id, this.#at) < 0) continue;
      await new Promise<void>((resolve) => void this.#options.clock.after(BEHIND_MS, resolve));
      return;
    }
    if (compareCursors(this.#at, recent.to) <= 0) return;
    this.#goOnFrom(recent.to, 'unknown cursor');
  }

  /** Reads on from the log until the recent events of this node take over, or the log has nothing more. */
  async #fromHistory(): Promise<void> {
    const { recent } = this.#log.cache;
    while (this.#connection.isOpen && !recent.covers(this.#at)) {
      const found = await this.#takePage();
      // The page is not held while a slow client reads.
      if (this.#batch.isFull || !found) await this.#batch.sent();
      if (found || recent.covers(this.#at)) continue;
      return this.#goOnFrom(recent.to, 'trimmed');
    }
    await this.#batch.sent();
  }

  /**
   * Takes as much of a page of the log as one write holds. Returns whether there was any event that this node has
   * delivered.
   */
  async #takePage(): Promise<boolean> {
    const { cache } = this.#log;
    const from = this.#at;
    const segment = await cache.page(from, !this.#positioned);
    for (const event of segment.after(from)) {
      if (this.#batch.isFull || compareCursors(event.id ?? START, cache.recent.to) > 0) break;
      if (this.#at === from) this.#checkPosition(event.previous ?? START);
      this.#add(event);
    }
    return this.#at !== from;
  }

  /** The first event that is taken shows whether the log has the position; no later one does. */
  #checkPosition(previous: Cursor): void {
    if (this.#positioned) return;
    this.#positioned = true;
    const gap = gapBetween(this.#at, previous);
    if (gap !== undefined) this.#tellGap(gap);
  }

  /** Adds an event, if the client may receive it and wants it. `as` makes the form in which it is sent. */
  #add(event: HubEvent, as?: (event: HubEvent) => HubEvent): void {
    this.#at = event.id ?? this.#at;
    // This check comes first, since it is cheap, and the client does not want most events.
    if (!this.#subscriptions.some(({ pattern }) => pattern.matches(event))) return;
    const encoded = this.#log.encodings.of(event);
    if (!this.#admits(encoded.seenBy(this.#connection.view).event)) return;
    if (!('select' in this.#request)) {
      this.#closesAfterMs = this.#connection.encoding.closesAfterMs?.(event) ?? this.#closesAfterMs;
      this.#batch.add(as === undefined ? encoded : new EncodedEvent(as(event), this.#options.stats));
      return;
    }
    this.#collected.push(event);
    if (this.#collected.length > 2 * MAX_SELECTED) this.#collected = this.#collected.slice(-MAX_SELECTED);
  }

  /**
   * Whether the new subscriptions admit a masked event, and no older subscription of the connection has done so
   * already.
   */
  #admits(seen: HubEvent): boolean {
    if (!this.#connection.identity.subscribe.permit(seen)) return false;
    if (!this.#subscriptions.some((subscription) => matches(subscription, seen))) return false;
    for (const { subscription, from } of this.#connection.subscriptions.values()) {
      if (compareCursors(this.#at, from) > 0 && matches(subscription, seen)) return false;
    }
    return true;
  }

  #goOnFrom(to: Cursor, reason: Gap['reason']): void {
    this.#tellGap({ from: this.#at, to, reason });
    this.#positioned = true;
    this.#at = to;
  }

  /** A time without an event causes no gap, and neither does a request for the events of a last time span. */
  #tellGap(gap: Gap): void {
    if (!('since' in this.#request) || (this.#request.ofTime && gap.reason !== 'trimmed')) return;
    this.#options.delivery.tell(this.#connection, 'gap', gap.from, gap);
  }
}
