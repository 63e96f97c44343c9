import type { Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { EventPage, History, RetainedPages, RetainedQuery } from './broker.ts';
import type { LogReader } from './redis-log-reader.ts';
import { EventDecoder, type EventDecoderOptions } from './redis-event-decoder.ts';
import type { RedisRetained } from './redis-retained.ts';

/** Reads the past of the hub from Redis. Entries that are not events are reported and left out. */
export class RedisHistory implements History {
  readonly #pages: LogReader;
  readonly #retained: RedisRetained;
  readonly #options: EventDecoderOptions;

  constructor(pages: LogReader, retained: RedisRetained, options: EventDecoderOptions) {
    this.#pages = pages;
    this.#retained = retained;
    this.#options = options;
  }

  /**
   * A page ends with an event, so that the first event of the next page follows it, also when rejected entries lie
   * between.
   */
  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    const reader = new EventDecoder(this.#options);
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
    return new EventDecoder(this.#options).read(this.#pages.after(cursor));
  }

  before(cursor: Cursor): AsyncIterable<HubEvent> {
    return new EventDecoder(this.#options).read(this.#pages.before(cursor), 'backwards');
  }

  retained(_shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    return this.#retained.retained(queries);
  }

  tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    return this.#retained.tail(query, after, until);
  }
}

/** The past of a shard whose log has run out. */
export const NO_HISTORY: Pick<RedisHistory, 'page' | 'after' | 'before'> = {
  page: (after, until = after) => Promise.resolve({ events: [], to: until, isLast: true }),
  async *after() {},
  async *before() {},
};
