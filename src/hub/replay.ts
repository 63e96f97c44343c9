import type { ReplayWish, Subscription } from '../dialects/dialect.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { hears } from './subscription.ts';
import type { Connection } from './connection.ts';
import { EncodedEvent } from './encoded.ts';
import { gapBetween, type Gap } from './gap.ts';
import type { Hub } from './hub.ts';
import type { Lately } from './lately.ts';

/** What goes out in one write: so many events, */
const AT_ONCE = 256;
/** or as many as fit into what a socket holds, lest five thousand that come back at once fill the memory. */
const BYTES_AT_ONCE = 64 * 1024;

/** After so long this node is asked again whether it got as far as the client. */
const BEHIND_MS = 50;

/** Of what is collected to select from, the latest so many. */
const MAX_COLLECTED = 10_000;

/**
 * Sends one connection what its new subscriptions admit since a place in the log, up to the last event that this node
 * has delivered, and calls `join` in the same turn in which that place was reached: so there is neither a gap nor a
 * double at the seam to the live events. Where the log does not go back far enough, or does not know the place, a
 * `belfry.gap` says so first. What an older subscription of the connection has already admitted is not sent again.
 */
export class Replay {
  readonly #hub: Hub;
  readonly #connection: Connection;
  readonly #subscriptions: readonly Subscription[];
  readonly #wish: ReplayWish;
  readonly #lately: (subscriptions: readonly Subscription[]) => Lately;
  #at: Cursor;
  /** It was seen whether the log knows the place. */
  #placed = false;
  /** What the encoding says of an end that was among what was sent. */
  #endsAfterMs: number | undefined;
  /** Where a selection is wished for: what it is made from, and after this place what came meanwhile and is live. */
  #collected: EncodedEvent[] = [];
  /** What goes out with the next write. */
  #batch: EncodedEvent[] = [];
  #bytes = 0;
  readonly #liveAfter: Cursor;

  constructor(
    hub: Hub,
    connection: Connection,
    subscriptions: readonly Subscription[],
    wish: ReplayWish,
    lately: (subscriptions: readonly Subscription[]) => Lately,
  ) {
    this.#hub = hub;
    this.#connection = connection;
    this.#subscriptions = subscriptions;
    this.#wish = wish;
    this.#lately = lately;
    this.#at = START;
    this.#liveAfter = hub.position;
  }

  /**
   * Resolves with how long the connection has still to live, where something that was sent is the end of it. Rejects when
   * the log cannot be read; it has then not joined.
   */
  async run(join: () => void): Promise<number | undefined> {
    const wish = this.#wish;
    if ('retained' in wish) await this.#fromRetained(wish);
    else if ('select' in wish) await this.#fromLately(`${this.#hub.clock.now() - wish.lastMs}-0`);
    else this.#at = wish.since;
    await this.#toTheEnd(() => {
      if ('select' in wish) this.#sendSelected(wish.select);
      join();
    });
    return this.#endsAfterMs;
  }

  async #fromRetained({ retained, as }: Extract<ReplayWish, { readonly retained: unknown }>): Promise<void> {
    const { events, cursor } = await this.#hub.history.retained(retained);
    for (const event of events) {
      this.#add(new EncodedEvent(event, this.#hub.stats), as);
      if (this.#isFull) await this.#sent();
    }
    await this.#sent();
    this.#at = cursor;
  }

  async #fromLately(since: Cursor): Promise<void> {
    const { events, cursor } = await this.#lately(this.#subscriptions).since(since);
    for (const encoded of events) this.#add(encoded);
    this.#at = cursor;
  }

  #sendSelected(select: (events: readonly HubEvent[]) => readonly HubEvent[]): void {
    const isLive = ({ event }: EncodedEvent): boolean =>
      compareCursors(event.id ?? START, this.#liveAfter) > 0;
    const past = this.#collected.filter((encoded) => !isLive(encoded)).map(({ event }) => event);
    const selected = new Set(select(past));
    const sent = this.#collected.filter((encoded) => selected.has(encoded.event) || isLive(encoded));
    // In one write: one by one they could fill the queue of a client that has yet to read its first.
    this.#hub.sendTo(this.#connection, ...sent);
  }

  async #toTheEnd(join: () => void): Promise<void> {
    const { recent } = this.#hub;
    while (this.#connection.isOpen) {
      if (!recent.covers(this.#at)) {
        if (compareCursors(this.#at, recent.position) > 0) await this.#untilDelivered();
        else await this.#fromHistory();
        continue;
      }
      this.#checkPlace(recent.placeOf(this.#at));
      const missed = recent.after(this.#at, AT_ONCE);
      for (const encoded of missed) {
        this.#add(encoded);
        if (this.#isFull) break;
      }
      this.#send();
      if (this.#at === recent.position && !this.#connection.lags) return join();
      await this.#hub.drained(this.#connection);
    }
  }

  /**
   * The client heard on a node that was a moment ahead what this one has yet to deliver: waits for that, lest it be
   * heard twice. A place that the log does not reach either is none that it gave out, or is lost.
   */
  async #untilDelivered(): Promise<void> {
    const { clock, history, recent } = this.#hub;
    for await (const { id = START } of history.after(recent.position)) {
      if (compareCursors(id, this.#at) < 0) continue;
      await new Promise<void>((resolve) => void clock.after(BEHIND_MS, resolve));
      return;
    }
    if (compareCursors(this.#at, recent.position) <= 0) return;
    this.#goOnFrom(recent.position, 'unknown cursor');
  }

  /** Reads on from the log until the recent events of this node take over, or the log has nothing more. */
  async #fromHistory(): Promise<void> {
    const from = this.#at;
    const { recent } = this.#hub;
    for await (const events of this.#hub.older.after(from)) {
      if (this.#at === from) this.#checkPlace(events[0]?.event.previous ?? START);
      for (const encoded of events) {
        this.#add(encoded);
        if (this.#isFull) await this.#sent();
      }
      if (!this.#connection.isOpen || recent.covers(this.#at)) break;
    }
    await this.#sent();
    if (recent.covers(this.#at)) return;
    this.#goOnFrom(recent.position, 'trimmed');
  }

  /** Asked of the place from which the first event is taken, and never again. */
  #checkPlace(previous: Cursor): void {
    if (this.#placed) return;
    this.#placed = true;
    const gap = gapBetween(this.#at, previous);
    if (gap !== undefined) this.#tellGap(gap);
  }

  get #isFull(): boolean {
    return this.#batch.length >= AT_ONCE || this.#bytes >= BYTES_AT_ONCE;
  }

  /** In one write, which a client that keeps up takes as a whole. */
  #send(): void {
    if (this.#batch.length > 0) this.#hub.sendTo(this.#connection, ...this.#batch);
    this.#batch = [];
    this.#bytes = 0;
  }

  async #sent(): Promise<void> {
    this.#send();
    if (this.#connection.lags) await this.#hub.drained(this.#connection);
  }

  /** `as` is how it is told, once it is known that it may be. */
  #add(encoded: EncodedEvent, as?: (event: HubEvent) => HubEvent): void {
    this.#at = encoded.event.id ?? this.#at;
    // First, as it is cheap, and most of what others did is nothing to this one.
    if (!this.#subscriptions.some(({ pattern }) => pattern.matches(encoded.event))) return;
    const { event } = encoded.seenBy(this.#connection.view);
    if (!this.#connection.identity.subscribe.permit(event)) return;
    if (!this.#subscriptions.some((subscription) => hears(subscription, event))) return;
    for (const { subscription, from } of this.#connection.subscriptions.values()) {
      if (compareCursors(this.#at, from) > 0 && hears(subscription, event)) return;
    }
    if (!('select' in this.#wish)) {
      this.#endsAfterMs = this.#connection.encoding.endsAfterMs?.(event) ?? this.#endsAfterMs;
      this.#batch.push(as === undefined ? encoded : new EncodedEvent(as(encoded.event), this.#hub.stats));
      this.#bytes += event.size;
      return;
    }
    this.#collected.push(encoded);
    if (this.#collected.length > 2 * MAX_COLLECTED) this.#collected = this.#collected.slice(-MAX_COLLECTED);
  }

  #goOnFrom(to: Cursor, reason: Gap['reason']): void {
    this.#tellGap({ from: this.#at, to, reason });
    this.#placed = true;
    this.#at = to;
  }

  /** At a time there need be no event; and of the last so many milliseconds nothing was promised. */
  #tellGap(gap: Gap): void {
    if (!('since' in this.#wish) || (this.#wish.ofTime && gap.reason !== 'trimmed')) return;
    this.#hub.tell(this.#connection, 'gap', gap.from, gap);
  }
}
