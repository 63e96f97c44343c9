import type { Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { EventPage, History, RetainedPages, RetainedWish } from './broker.ts';
import type { RedisPages } from './redis-pages.ts';
import { Reader, type ReaderOptions } from './redis-reader.ts';
import type { RedisRetained } from './redis-retained.ts';

/** The past as it stands in Redis. Whatever is no event in it is reported and left out. */
export class RedisHistory implements History {
  readonly #pages: RedisPages;
  readonly #retained: RedisRetained;
  readonly #options: ReaderOptions;

  constructor(pages: RedisPages, retained: RedisRetained, options: ReaderOptions) {
    this.#pages = pages;
    this.#retained = retained;
    this.#options = options;
  }

  /** Ends with an event, so that the first one of the next page joins it whatever rubbish is between. */
  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    const reader = new Reader(this.#options);
    const events: HubEvent[] = [];
    for (let at = after; ;) {
      const { entries, isLast } = await this.#pages.page(at, until);
      for (const entry of entries) {
        const event = reader.entry('log', entry);
        if (event !== undefined) events.push(event);
      }
      const last = events.at(-1)?.id;
      if (isLast) return { events, to: until ?? last ?? after, isLast };
      if (last !== undefined) return { events, to: last, isLast };
      at = entries.at(-1)?.id ?? at;
    }
  }

  after(cursor: Cursor): AsyncIterable<HubEvent> {
    return new Reader(this.#options).read(this.#pages.after(cursor));
  }

  before(cursor: Cursor): AsyncIterable<HubEvent> {
    return new Reader(this.#options).read(this.#pages.before(cursor), 'backwards');
  }

  retained(wishes: readonly RetainedWish[]): Promise<RetainedPages> {
    return this.#retained.retained(wishes);
  }

  tail(wish: RetainedWish, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#retained.tail(wish, after, until);
  }
}
