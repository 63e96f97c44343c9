import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import { cursorIn, entryOfCursor, isStart, type Cursor } from '../model/cursor.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';
import { fieldOf, lastOf, type LogEntry } from './redis-log-entry.ts';

const ENOUGH = 'the page ends, and the next one goes on behind it';
const PAGE_ENTRIES = bound('entries of a stream that are read at once', 500, 'entries', ENOUGH);
/**
 * Page size for what clients read of the past. It is small, since each client reads at its own pace and a page waits
 * in memory for it.
 */
export const SHARED_PAGE_BYTES = bound(
  'bytes of the past that are read at once for clients, but for one entry',
  256 * 1024,
  'bytes',
  ENOUGH,
);
/** Over a slow link a page of this size arrives within a tenth of a second. */
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

/** Entries that follow each other in a stream. */
export interface EntryPage {
  readonly entries: readonly LogEntry[];
  /** Whether nothing came after this page when it was read. */
  readonly isLast: boolean;
}

/** A stream of events of a shard. */
export interface EventStream {
  readonly name: string;
  readonly shard: number;
}

/** Reads one page of a stream of events between two bounds, which are written as XRANGE and XREVRANGE take them. */
export async function readPage(
  connection: Pick<RedisConnection, 'ask'>,
  command: 'XRANGE' | 'XREVRANGE',
  { name, shard }: EventStream,
  range: readonly [from: string, to: string],
  maxBytes: number,
): Promise<EntryPage> {
  const { entries, isLast } = await readStreamPage(connection, command, name, range, maxBytes);
  return { entries: entries.map((entry) => entryOf(entry, shard)), isLast };
}

/** Reads one page of any stream, with its entries as Redis answers them. */
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
 * Reads the log page by page. Its connection must know stream-page.lua. Every method rejects with BelfryError
 * `unavailable` when Redis refuses or does not answer.
 */
export class LogReader {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  readonly #keys: Pick<RedisKeys, 'log' | 'last' | 'shard'>;
  readonly #stream: EventStream;
  readonly #pageBytes: number;

  constructor(
    connection: Pick<RedisConnection, 'ask'>,
    keys: Pick<RedisKeys, 'log' | 'last' | 'shard'>,
    pageBytes = PAGE_BYTES,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#stream = { name: keys.log, shard: keys.shard };
    this.#pageBytes = pageBytes;
  }

  last(): Promise<Cursor> {
    return lastOf(this.#connection, this.#keys);
  }

  /** The next entries after a position, up to another position where one is given. */
  page(after: Cursor, until = '+'): Promise<EntryPage> {
    const range = [`(${entryOfCursor(after)}`, entryOfCursor(until)] as const;
    return readPage(this.#connection, 'XRANGE', this.#stream, range, this.#pageBytes);
  }

  /** All entries after a position, up to the end that the log has while it is read. */
  after(position: Cursor): AsyncGenerator<LogEntry> {
    return allOf(position, (at) => this.page(at));
  }

  /**
   * All entries before a position, newest first. Before the start there is nothing to read, and Redis refuses the
   * bound `(0-0`.
   */
  async *before(position: Cursor): AsyncGenerator<LogEntry> {
    if (isStart(position)) return;
    yield* allOf(position, (at) =>
      readPage(this.#connection, 'XREVRANGE', this.#stream, [`(${entryOfCursor(at)}`, '-'], this.#pageBytes),
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

export function entryOf([id, fields]: RawStreamEntry, shard: number): LogEntry {
  const previous = fieldOf(fields, 'p')?.toString('latin1');
  return {
    id: cursorIn(shard, id.toString('latin1')),
    previous: previous === undefined ? undefined : cursorIn(shard, previous),
    body: fieldOf(fields, 'e') ?? Buffer.alloc(0),
  };
}

/** The entry that a value of a hash of retained events holds, `<id> <event>`. */
export function valueOf(value: Buffer, shard: number): Pick<LogEntry, 'id' | 'body'> {
  const space = value.indexOf(' ');
  return { id: cursorIn(shard, value.toString('latin1', 0, space)), body: value.subarray(space + 1) };
}
