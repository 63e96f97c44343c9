import type { Result } from 'ioredis';
import { isCursor, timeAt, type Cursor } from '../model/cursor.ts';
import type { Clock } from '../model/clock.ts';
import type { DeadLetter, UndeliveredEvent } from '../model/dead-letter.ts';
import type { DeadLetterQueue } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';
import { fieldOf } from './redis-log-entry.ts';
import { readStreamPage, type RawStreamEntry } from './redis-log-reader.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** dead-letter-add.lua */
    belfryAddDeadLetter(keyCount: 1, ...keysAndArguments: string[]): Result<string, Context>;
    /** dead-letter-retry.lua */
    belfryRetry(keyCount: 2, ...keysAndArguments: string[]): Result<0 | 1, Context>;
  }
}

/** The dead letters in Redis, where ingress-settle.lua puts those of the ingress. */
export class RedisDeadLetters implements DeadLetterQueue {
  readonly #connection: RedisConnection;
  readonly #reads: Pick<RedisConnection, 'ask'>;
  readonly #keys: RedisKeys;
  readonly #clock: Pick<Clock, 'now'>;

  /** `reads` carries the long reads, and must know stream-page.lua. */
  constructor(
    connection: RedisConnection,
    reads: Pick<RedisConnection, 'ask'>,
    keys: RedisKeys,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#connection = connection;
    this.#reads = reads;
    this.#keys = keys;
    this.#clock = clock;
  }

  async list(offset: number, limit: number): Promise<{ entries: DeadLetter[]; total: number }> {
    const { deadLetters } = this.#keys;
    const total = await this.#connection.ask((redis) => redis.xlen(deadLetters));
    const entries: DeadLetter[] = [];
    let seen = 0;
    for (let from = '-', isLast = false; !isLast && entries.length < Math.min(limit, total - offset);) {
      const page = await readStreamPage(this.#reads, 'XRANGE', deadLetters, [from, '+']);
      for (const entry of page.entries)
        if (seen++ >= offset && entries.length < limit) entries.push(entryOf(entry));
      from = `(${page.entries.at(-1)?.[0].toString('latin1') ?? ''}`;
      ({ isLast } = page);
    }
    return { entries, total };
  }

  async get(id: Cursor): Promise<DeadLetter | undefined> {
    if (!isCursor(id)) return undefined;
    const [found] = await this.#connection.ask((redis) => redis.xrangeBuffer(this.#keys.deadLetters, id, id));
    return found && entryOf(found);
  }

  async add(undelivered: UndeliveredEvent): Promise<Cursor> {
    const fields = Object.entries({ ...undelivered, time: timeAt(this.#clock.now()) }).flat();
    return this.#connection.ask((redis) => redis.belfryAddDeadLetter(1, this.#keys.deadLetters, ...fields));
  }

  async retry(id: Cursor): Promise<boolean> {
    const { deadLetters, ingress } = this.#keys;
    return (
      isCursor(id) &&
      (await this.#connection.ask((redis) => redis.belfryRetry(2, deadLetters, ingress, id))) === 1
    );
  }

  async remove(id: Cursor): Promise<boolean> {
    return (
      isCursor(id) && (await this.#connection.ask((redis) => redis.xdel(this.#keys.deadLetters, id))) === 1
    );
  }
}

function entryOf([id, fields]: RawStreamEntry): DeadLetter {
  const field = (name: string): string => fieldOf(fields, name)?.toString() ?? '';
  const [entry, time, reason, sink] = [field('entry'), field('time'), field('reason'), field('sink')];
  const texts = { entry, time, reason, message: field('message'), event: field('event') };
  return { id: id.toString('latin1'), ...texts, ...(sink !== '' && { sink }) };
}
