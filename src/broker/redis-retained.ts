import type { Result } from 'ioredis';
import { cursorIn, entryOfCursor, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Retention } from '../model/retention.ts';
import { mapInSlices } from '../model/time-slice.ts';
import type { EventPage, LatestQuery, Permits, Retained, RetainedPages, RetainedQuery } from './broker.ts';
import { latestByKey, type Candidate } from './latest-by-key.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { LogEntry } from './redis-log-entry.ts';
import { escaped, type RedisKeys } from './redis-keys.ts';
import { entryOf, readPage, SHARED_PAGE_BYTES, valueOf, type RawStreamEntry } from './redis-log-reader.ts';
import { EventDecoder, type EventDecoderOptions } from './redis-event-decoder.ts';
import { bound } from '../model/bound.ts';

/** How many names are read at once. */
const PAGE = bound(
  'retained values that are read from Redis at once',
  500,
  'entries',
  'the others are read after them',
);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retained-tails.lua, under the name that the broker gives it. */
    belfryTails(
      keyCount: 1,
      names: string,
      from: string,
      to: string,
      count: number,
    ): Result<string[], Context>;
    /** retained-read.lua */
    belfryRetainedBuffer(
      keyCount: number,
      ...keysAndQueries: (string | number)[]
    ): Result<[Buffer, ...KeptReply[]], Context>;
    /** retained-newest.lua, of a hash. */
    belfryNewestBuffer(
      keyCount: number,
      ...keysAndFields: (string | number | Buffer)[]
    ): Result<(Buffer | RawStreamEntry | null)[], Context>;
  }
}

type KeptReply = [isLast: 0 | 1, to: Buffer, kept: RawStreamEntry[] | Buffer | null];

export interface RedisRetainedOptions extends EventDecoderOptions {
  readonly retention: Retention;
}

/**
 * Reads what the retention rules keep in Redis, where retain.lua writes it. What is not an event is reported and left
 * out.
 */
export class RedisRetained implements Retained {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  readonly #keys: RedisKeys;
  readonly #options: RedisRetainedOptions;

  constructor(connection: Pick<RedisConnection, 'ask'>, keys: RedisKeys, options: RedisRetainedOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#options = options;
  }

  /** As {@link History.retained}. */
  async retained(queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    const asked = queries.filter((query) => this.#isKept(query));
    const positions = asked.map((query) => this.#positionOf(query));
    const [last, ...replies] = await this.#connection.ask((redis) =>
      redis.belfryRetainedBuffer(
        positions.length + 1,
        this.#keys.last,
        ...positions.map(({ name }) => name),
        SHARED_PAGE_BYTES,
        ...positions.map(({ field }, i) => (field === undefined ? (asked[i]?.count ?? 0) : `=${field}`)),
      ),
    );
    const cursor = this.#cursorOf(last);
    const read = new Map<RetainedQuery, EventPage>();
    for (const [i, query] of asked.entries()) read.set(query, await this.#pageOf(query, replies[i], cursor));
    return { pages: queries.map((query) => read.get(query) ?? emptyPage(cursor)), cursor };
  }

  async #pageOf(
    query: RetainedQuery,
    [isLast, to, kept]: KeptReply = [1, Buffer.alloc(0), null],
    cursor: Cursor,
  ): Promise<EventPage> {
    if (kept === null) return emptyPage(cursor);
    const entries = Buffer.isBuffer(kept)
      ? [valueOf(kept, this.#keys.shard)]
      : kept.map((entry) => entryOf(entry, this.#keys.shard));
    const events = await this.#events(entries, query);
    return { events, to: isLast === 1 ? cursor : this.#cursorOf(to), isLast: isLast === 1 };
  }

  /** As {@link History.tail}. A hash holds only one value, so it has no second page. */
  async tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    const { name, field } = this.#positionOf(query);
    if (!this.#isKept(query) || field !== undefined) return emptyPage(until);
    const range = [`(${entryOfCursor(after)}`, entryOfCursor(until)] as const;
    const stream = { name, shard: this.#keys.shard };
    const { entries, isLast } = await readPage(this.#connection, 'XRANGE', stream, range, SHARED_PAGE_BYTES);
    const to = isLast ? until : (entries.at(-1)?.id ?? until);
    return { events: await this.#events(entries, query), to, isLast };
  }

  keeps(type: string): boolean {
    return this.#options.retention.kindOf(type) !== undefined;
  }

  async latest(type: string, query: LatestQuery = {}): Promise<{ events: HubEvent[]; total: number }> {
    if (this.#options.retention.kindOf(type) === 'latest') return this.#latestValues(type, query);
    const { page, total } = latestByKey(await this.#tails(type), query);
    return { events: await this.#newest(page), total };
  }

  async latestOf(type: string, key: string, permits: Permits = () => true): Promise<HubEvent | undefined> {
    if (this.#options.retention.kindOf(type) === 'latest') {
      const value = await this.#connection.ask((redis) => redis.hgetBuffer(this.#keys.latest(type), key));
      return value === null
        ? undefined
        : (await this.#events([valueOf(value, this.#keys.shard)], { type, key })).find(permits);
    }
    const [event] = await this.#newest(latestByKey(await this.#tails(type, key), { permits }).page);
    return event;
  }

  /**
   * The position of the last event of each tail of a type, or of one key. The events themselves are read later, for
   * the few that a page shows.
   */
  async #tails(type: string, key?: string): Promise<Candidate[]> {
    if (!this.keeps(type)) return [];
    const marks: Candidate[] = [];
    // Every name goes on with `:` after its key, and in ASCII `;` follows `:`.
    const [first, to] = key === undefined ? ['-', '+'] : [`[${escaped(key)}:`, `(${escaped(key)};`];
    for (let from = first; from !== '(';) {
      const [last = '', ...found] = await this.#connection.ask((redis) =>
        redis.belfryTails(1, this.#keys.tails(type), from, to, PAGE),
      );
      for (let i = 0; i + 2 < found.length; i += 3) {
        const [of = '', action = '', id = START] = found.slice(i, i + 3);
        if (this.#options.retention.of({ type, action }))
          marks.push({ type, key: of, action, id: cursorIn(this.#keys.shard, id) });
      }
      from = `(${last}`;
    }
    return marks;
  }

  /** Reads the last event of each tail. */
  async #newest(tails: readonly Candidate[]): Promise<HubEvent[]> {
    const events: HubEvent[] = [];
    const names = tails.map(({ type, action, key }) => this.#keys.tail(type, action, key));
    const ask = (from: number, to: number) => ({ keys: names.slice(from, to), fields: [] });
    for await (const [i, found] of this.#each(names.length, ask)) {
      const tail = tails[i];
      if (tail !== undefined && Array.isArray(found))
        events.push(...(await this.#events([entryOf(found, this.#keys.shard)], tail)));
    }
    return events;
  }

  /**
   * One value of each key, in the order of the keys. The values of the page are answered, the others only counted.
   */
  async #latestValues(
    type: string,
    { permits = () => true, offset = 0, limit = Infinity }: LatestQuery,
  ): Promise<{ events: HubEvent[]; total: number }> {
    const hash = this.#keys.latest(type);
    const keys = (await this.#connection.ask((redis) => redis.hkeysBuffer(hash))).toSorted(byText);
    const events: HubEvent[] = [];
    let total = 0;
    const ask = (from: number, to: number) => ({ keys: [hash], fields: keys.slice(from, to) });
    for await (const [, value] of this.#each(keys.length, ask)) {
      if (!Buffer.isBuffer(value)) continue;
      for (const event of await this.#events([valueOf(value, this.#keys.shard)], { type })) {
        if (!permits(event)) continue;
        if (total >= offset && total < offset + limit) events.push(event);
        total++;
      }
    }
    return { events, total };
  }

  /** Reads many entries or values by retained-newest.lua, some at a time, and yields each with its index. */
  async *#each(
    count: number,
    ask: (
      from: number,
      to: number,
    ) => { readonly keys: readonly string[]; readonly fields: readonly Buffer[] },
  ): AsyncGenerator<readonly [index: number, found: Buffer | RawStreamEntry | null]> {
    for (let from = 0; from < count;) {
      const { keys, fields } = ask(from, Math.min(from + PAGE, count));
      const found = await this.#connection.ask((redis) =>
        redis.belfryNewestBuffer(keys.length, ...keys, SHARED_PAGE_BYTES, ...fields),
      );
      for (const each of found) yield [from++, each];
    }
  }

  #cursorOf(entry: Buffer): Cursor {
    return cursorIn(this.#keys.shard, entry.toString('latin1'));
  }

  #isKept(query: RetainedQuery): boolean {
    return query.count > 0 && this.#options.retention.requested(query) !== undefined;
  }

  /** Where a query is kept: a tail, or a field of a hash. */
  #positionOf(query: RetainedQuery): { readonly name: string; readonly field?: string } {
    const { type, action, key } = query;
    if (key === undefined) return { name: this.#keys.changed, field: type };
    if (this.#options.retention.requested(query)?.kind === 'tail')
      return { name: this.#keys.tail(type, action, key) };
    return { name: this.#keys.latest(type), field: key };
  }

  /**
   * Decodes what was read, and leaves out what does not fit the query: a hash does not tell actions apart, and
   * anybody with the right may have written something else there.
   */
  async #events(
    entries: readonly Pick<LogEntry, 'id' | 'body'>[],
    { type, action = '*', key }: Partial<RetainedQuery>,
  ): Promise<HubEvent[]> {
    const reader = new EventDecoder(this.#options);
    const read = await mapInSlices(entries, (entry) => reader.entry('log', { ...entry, previous: START }));
    return read.flatMap((event) => {
      if (event === undefined || event.type !== type) return [];
      if ((action !== '*' && event.action !== action) || (key !== undefined && event.key !== key)) return [];
      const { previous: _unknown, ...kept } = event;
      return [kept];
    });
  }
}

function byText(a: Buffer, b: Buffer): number {
  return a.toString() < b.toString() ? -1 : 1;
}

function emptyPage(to: Cursor): EventPage {
  return { events: [], to, isLast: true };
}
