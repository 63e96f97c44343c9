import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import { START, type Cursor } from '../model/cursor.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';
import { fieldOf, lastOf, type LogEntry } from './redis-log-entry.ts';

const ENOUGH = 'the page ends, and the next one goes on behind it';
const PAGE_ENTRIES = bound('entries of a stream that are read at once', 500, 'entries', ENOUGH);
/** What clients read of the past, each at its own pace: a page is dropped and read again while its reader waits. */
export const SHARED_PAGE_BYTES = bound(
  'bytes of the past that are read at once for clients, but for one entry',
  256 * 1024,
  'bytes',
  ENOUGH,
);
/** So much of a log arrives within a tenth of a second over a slow link. */
const PAGE_BYTES = bound(
  'bytes of a stream that are read at once, but for one entry',
  1_048_576,
  'bytes',
  ENOUGH,
);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** stream-page.lua */
    belfryStreamPageBuffer(
      keyCount: 1,
      stream: string,
      command: 'XRANGE' | 'XREVRANGE',
      from: string,
      to: string,
      enough: number,
      enoughBytes: number,
    ): Result<[isLast: 0 | 1, entries: RawStreamEntry[]], Context>;
  }
}

export type RawStreamEntry = [id: Buffer, fields: Buffer[]];

/** Entries next to each other. */
export interface EntryPage {
  readonly entries: readonly LogEntry[];
  /** Nothing came after them when they were read. */
  readonly isLast: boolean;
}

/** Reads a stream between two bounds, as XRANGE and XREVRANGE write them, page by page. */
export async function readPage(
  connection: Pick<RedisConnection, 'ask'>,
  command: 'XRANGE' | 'XREVRANGE',
  stream: string,
  range: readonly [from: string, to: string],
  maxBytes: number,
): Promise<EntryPage> {
  const { entries, isLast } = await readStreamPage(connection, command, stream, range, maxBytes);
  return { entries: entries.map(entryOf), isLast };
}

/** The same of a stream whose entries are other than those of the log. */
export async function readStreamPage(
  connection: Pick<RedisConnection, 'ask'>,
  command: 'XRANGE' | 'XREVRANGE',
  stream: string,
  [from, to]: readonly [from: string, to: string],
  maxBytes = SHARED_PAGE_BYTES,
): Promise<{ readonly entries: readonly RawStreamEntry[]; readonly isLast: boolean }> {
  const [isLast, entries] = await connection.ask((redis) =>
    redis.belfryStreamPageBuffer(1, stream, command, from, to, PAGE_ENTRIES, maxBytes),
  );
  return { entries, isLast: isLast === 1 };
}

/**
 * The log in Redis as it is read, whose connection must know stream-page.lua. Every method rejects with BelfryError
 * `unavailable` when Redis does not answer, or refuses.
 */
export class LogReader {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  readonly #keys: Pick<RedisKeys, 'log' | 'last'>;
  readonly #pageBytes: number;

  constructor(
    connection: Pick<RedisConnection, 'ask'>,
    keys: Pick<RedisKeys, 'log' | 'last'>,
    pageBytes = PAGE_BYTES,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#pageBytes = pageBytes;
  }

  last(): Promise<Cursor> {
    return lastOf(this.#connection, this.#keys);
  }

  /** The next entries after a place, and up to another where that is given. */
  page(after: Cursor, until = '+'): Promise<EntryPage> {
    return readPage(this.#connection, 'XRANGE', this.#keys.log, [`(${after}`, until], this.#pageBytes);
  }

  /** All entries after a place, up to the end of the log as it is when read. */
  after(position: Cursor): AsyncGenerator<LogEntry> {
    return allOf(position, (at) => this.page(at));
  }

  /** All entries before a place, newest first. Redis takes `(0-0` for a mistake, since nothing can be before it. */
  async *before(position: Cursor): AsyncGenerator<LogEntry> {
    if (position === START) return;
    yield* allOf(position, (at) =>
      readPage(this.#connection, 'XREVRANGE', this.#keys.log, [`(${at}`, '-'], this.#pageBytes),
    );
  }
}

async function* allOf(at: Cursor, read: (at: Cursor) => Promise<EntryPage>): AsyncGenerator<LogEntry> {
  for (;;) {
    const { entries, isLast } = await read(at);
    yield* entries;
    at = entries.at(-1)?.id ?? at;
    if (isLast) return;
  }
}

export function entryOf([id, fields]: RawStreamEntry): LogEntry {
  const previous = fieldOf(fields, 'p')?.toString('latin1');
  return { id: id.toString('latin1'), previous, body: fieldOf(fields, 'e') ?? Buffer.alloc(0) };
}
