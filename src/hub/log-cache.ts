import type { History, RetainedPages, RetainedQuery } from '../broker/broker.ts';
import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, cursorAt, cursorMs, END, START, startOf, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { Segment } from './segment.ts';
import { SegmentStore, type ReadPage } from './segment-store.ts';
import { matches, textOf } from './subscription.ts';

/**
 * Clients that reconnect in one storm lost their connection at slightly different times. Those of one second begin
 * with the same page.
 */
const TOGETHER_MS = 1_000;
const PAGES_KEPT_MS = bound(
  'time for which pages of the log are kept after their last use',
  30_000,
  'ms',
  'they are forgotten, and read again for the next client that needs them',
);
/** The longest time that a dialect looks back. */
const SELECTIONS_KEPT_MS = bound(
  'time for which events from which a dialect selects are kept after their last use',
  60_000,
  'ms',
  'they are forgotten, and read again for the next client that needs them',
);
export const MAX_SELECTED = bound(
  'events from which a dialect selects',
  10_000,
  'entries',
  'the oldest are forgotten',
);
const MAX_SELECTED_BYTES = bound(
  'bytes of the events from which a dialect selects',
  32 * 1024 * 1024,
  'bytes',
  'the oldest are forgotten',
);
/** A reader whose position is not reached after this many pages reads the page that begins at it. */
const MAX_STEPS = 8;

export interface LogCacheOptions {
  readonly shard: number;
  readonly history: Pick<History, 'after' | 'page' | 'retained' | 'tail'>;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly maxBytes: number;
}

/**
 * The part of the log of one shard that this node holds in memory, within a number of bytes: the latest events, which the node has
 * delivered itself, and older events that returning clients read. A storm of clients reads each page of the log once,
 * and not once for each client. A client waits for a read of another only if it needs the very same page, and a slow
 * client holds no page meanwhile. Each read rejects when it cannot be done.
 */
export class LogCache {
  readonly #history: LogCacheOptions['history'];
  readonly #shard: number;
  /** Of everything in the cache. Up to half of it is for the latest events, which nothing else drives out. */
  maxBytes: number;
  readonly #recent: Segment;
  readonly #pages: SegmentStore;
  readonly #selections: SegmentStore;
  readonly #asked = new Map<string, Promise<RetainedPages>>();
  readonly #selecting = new Map<string, Promise<void>>();

  constructor({ shard, history, clock, maxBytes }: LogCacheOptions) {
    this.#history = history;
    this.#shard = shard;
    this.maxBytes = maxBytes;
    this.#recent = new Segment(startOf(shard));
    this.#pages = new SegmentStore(clock, PAGES_KEPT_MS);
    this.#selections = new SegmentStore(clock, SELECTIONS_KEPT_MS);
  }

  get bytes(): number {
    return this.#recent.bytes + this.#pages.bytes + this.#selections.bytes;
  }

  /**
   * The last events of the log that this node has delivered, without a gap. Replays end in it, synchronously, so that
   * nothing comes between the last event replayed and the first one live; and a storm of clients that were away for a
   * moment does not reach Redis.
   */
  get recent(): Pick<Segment, 'to' | 'covers' | 'positionOf' | 'after' | 'latest'> {
    return this.#recent;
  }

  /** Nothing before this position is recent, and there is no connection between it and the events before. */
  startAt(position: Cursor): void {
    // If the log began anew, nothing that was read before is valid.
    if (compareCursors(position, this.#recent.to) < 0) {
      this.#pages.clear();
      this.#selections.clear();
    }
    this.#recent.beginAt(position);
  }

  /** Adds the event that this node delivers now. */
  push(event: HubEvent): void {
    const { id, previous } = event;
    if (id === undefined) return;
    if (previous !== this.#recent.to) this.startAt(previous ?? id);
    this.#recent.pack(event);
    this.#recent.cut(this.maxBytes / 2);
    this.#shrink();
  }

  /**
   * A page of the log with the events after a position, and perhaps some before it. `isFirst` says that the reader has
   * not asked for a page before.
   */
  page(at: Cursor, isFirst: boolean): Promise<Segment> {
    const begin = isFirst ? cursorAt(Math.floor(cursorMs(at) / TOGETHER_MS) * TOGETHER_MS, this.#shard) : at;
    return this.#pageAfter('log', at, (from) => this.#history.page(from), begin);
  }

  /** The retained events of some queries. Readers that ask the same at the same time share one read from the broker. */
  retained(queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    const key = JSON.stringify(queries);
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#history.retained(0, queries).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  /**
   * A page of one query that goes on after the end of another page, and perhaps has events from before that or after
   * `until`.
   */
  tail(query: RetainedQuery, at: Cursor, until: Cursor): Promise<Segment> {
    const { type, action, key } = query;
    const stream = JSON.stringify([type, action, key]);
    return this.#pageAfter(stream, at, (from) => this.#history.tail(query, from, until));
  }

  /**
   * The latest events after a position that some subscriptions admit, and how far the log was read for them. Each reader
   * waits for the one before it and goes on from where that one ended, so a storm of new sockets reads the log once.
   */
  selected(
    subscriptions: readonly Subscription[],
    since: Cursor,
  ): Promise<{ readonly events: readonly HubEvent[]; readonly cursor: Cursor }> {
    const stream = subscriptions.map(textOf).join();
    const before = this.#selecting.get(stream) ?? Promise.resolve();
    const selected = before.then(() => this.#select(stream, subscriptions, since));
    // The reader learns of the failure, and the next one tries again.
    const end = (): void => {
      if (this.#selecting.get(stream) === ended) this.#selecting.delete(stream);
    };
    const ended: Promise<void> = selected.then(end, end);
    this.#selecting.set(stream, ended);
    return selected;
  }

  async #select(stream: string, subscriptions: readonly Subscription[], since: Cursor) {
    const segment = this.#selectionSince(stream, since);
    try {
      await this.#readOn(segment, subscriptions);
    } finally {
      this.#selections.use(segment);
      this.#shrink();
    }
    return { events: segment.after(since), cursor: segment.to };
  }

  #selectionSince(stream: string, since: Cursor): Segment {
    const known = this.#selections.find(stream, END);
    if (known !== undefined) {
      const isOver = isAfter(since, known.to);
      const isOfLostLog = isAfter(known.to, this.#recent.to);
      if (!isOver && !isOfLostLog) {
        known.cutTo(since);
        return known;
      }
      this.#selections.delete(known);
    }
    const segment = new Segment(since);
    this.#selections.add(stream, segment);
    return segment;
  }

  async #readOn(segment: Segment, subscriptions: readonly Subscription[]): Promise<void> {
    const take = (event: HubEvent): void => {
      if (!subscriptions.some((subscription) => matches(subscription, event)))
        return segment.extendTo(event.id ?? segment.to);
      segment.push(event);
      segment.cut(MAX_SELECTED_BYTES, MAX_SELECTED);
    };
    if (!this.#recent.covers(segment.to)) {
      for await (const event of this.#history.after(segment.to)) {
        if (isAfter(event.id ?? START, this.#recent.to)) break;
        take(event);
        if (this.#recent.covers(segment.to)) break;
      }
    }
    if (!this.#recent.covers(segment.to)) return;
    for (const event of this.#recent.after(segment.to)) take(event);
  }

  /** Pages are read from `begin` on, so that readers whose positions are near each other share them. */
  async #pageAfter(stream: string, at: Cursor, read: ReadPage, begin = at): Promise<Segment> {
    for (let step = 1; ; step++) {
      const before = this.#pages.find(stream, at);
      if (before?.reaches(at) === true) {
        this.#pages.use(before);
        return before;
      }
      const from = step > MAX_STEPS ? at : later(begin, before?.to);
      const page = await this.#pages.read(stream, from, read);
      this.#shrink();
      if (from === at || page.isLast || page.reaches(at)) return page;
    }
  }

  #shrink(): void {
    const left = this.maxBytes - this.#recent.bytes;
    this.#pages.shrinkTo(left - this.#selections.bytes);
    this.#selections.shrinkTo(left);
  }
}

function isAfter(a: Cursor, b: Cursor): boolean {
  return compareCursors(a, b) > 0;
}

function later(a: Cursor, b: Cursor | undefined): Cursor {
  return b !== undefined && isAfter(b, a) ? b : a;
}
