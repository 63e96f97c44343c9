import type { Cursor } from '../../../../model/cursor.ts';
import { delayMs } from '../../../sdk/backoff.ts';
import { HubError } from '../../../sdk/errors.ts';
import type { Item } from '../../../sdk/item.ts';
import { PASSING } from '../../../sdk/subscriptions.ts';
import type { EventSource, HistoryPage, LiveItems } from './event-source.ts';

const FIRST_PAGE = 200;

/** What a feed brings, in this order: one page, and then items, without a gap in between. */
export interface FeedTarget {
  begin(page: HistoryPage): void;
  take(item: Item): void;
  /** The feed begins again after it was stopped at a time, in milliseconds since 1970: where it was, or else `anew` with a page. */
  resume(stoppedAt: number): 'where it was' | 'anew';
  /** The status or the error is another one. */
  changed(): void;
}

/**
 * `loading`: nothing is known yet. `waiting`: it tries again, and `error` says why. `failed`: the hub refused, and `error` says
 * why.
 */
export type FeedStatus = 'loading' | 'live' | 'waiting' | 'failed';

/** Brings the newest page of the history, and then what comes. After a fault it goes on where it was, and mostly after a stop as well. */
export class EventFeed {
  status: FeedStatus = 'loading';
  error: Error | undefined;
  readonly #source: EventSource;
  readonly #target: FeedTarget;
  readonly #now: () => number;
  #stop: AbortController | undefined;
  /** The position from which it goes on. Absent before the first page of the history. */
  #cursor: Cursor | undefined;
  #stoppedAt: number | undefined;
  #wakeUp: () => void = () => undefined;
  #running = Promise.resolve();

  constructor(source: EventSource, target: FeedTarget, now: () => number) {
    this.#source = source;
    this.#target = target;
    this.#now = now;
  }

  /** Is aborted when the feed is stopped. Absent while it does not run. */
  get signal(): AbortSignal | undefined {
    return this.#stop?.signal;
  }

  start(): void {
    if (this.#stop !== undefined) return;
    const { signal } = (this.#stop = new AbortController());
    // What the last run took must be known before this one begins.
    this.#running = this.#running.then(() => this.#run(signal));
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#stoppedAt = this.#now();
    this.#wakeUp();
  }

  /** Tries again now, also after a refusal. */
  retry(): void {
    if (this.status !== 'failed') return this.#wakeUp();
    this.stop();
    this.#stoppedAt = undefined;
    this.status = 'loading';
    this.start();
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (this.#cursor !== undefined && this.#stoppedAt !== undefined) {
      if (this.#target.resume(this.#stoppedAt) === 'anew') this.#cursor = undefined;
    }
    this.#stoppedAt = undefined;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#begin(signal);
        await this.#listen(signal, () => (attempt = 0));
        return;
      } catch (error) {
        if (signal.aborted) return;
        const passes = !(error instanceof HubError) || PASSING.has(error.code);
        this.#set(passes ? 'waiting' : 'failed', error as Error);
        if (!passes) return;
        await this.#wait(delayMs('backoff', attempt, Math.random));
      }
    }
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (this.#cursor !== undefined) return;
    const page = await this.#source.page({ limit: FIRST_PAGE, signal });
    this.#cursor = page.cursor;
    this.#target.begin(page);
  }

  async #listen(signal: AbortSignal, opened: () => void): Promise<void> {
    const items = this.#source.listen(this.#cursor, signal);
    void this.#noteReady(items, opened);
    try {
      for await (const item of items) this.#target.take(item);
    } finally {
      this.#cursor = items.cursor ?? items.position ?? this.#cursor;
    }
  }

  async #noteReady({ ready }: LiveItems, opened: () => void): Promise<void> {
    try {
      await ready;
    } catch {
      // The items end with the same error.
      return;
    }
    opened();
    this.#set('live', undefined);
  }

  #set(status: FeedStatus, error: Error | undefined): void {
    [this.status, this.error] = [status, error];
    this.#target.changed();
  }

  async #wait(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wakeUp(), ms);
    await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    clearTimeout(timer);
  }
}
