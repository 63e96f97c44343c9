import type { Result } from 'ioredis';
import { isCursor, type Cursor } from '../model/cursor.ts';
import type { DeadEntry } from '../model/dead.ts';
import type { Dead } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisNames } from './redis-log.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** dead-retry.lua */
    belfryRetry(keyCount: 2, ...keysAndArguments: string[]): Result<0 | 1, Context>;
  }
}

/** What inbox-settle.lua has put aside. */
export class RedisDead implements Dead {
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;

  constructor(connection: RedisConnection, names: RedisNames) {
    this.#connection = connection;
    this.#names = names;
  }

  async list(offset: number, limit: number): Promise<{ entries: DeadEntry[]; total: number }> {
    const { dead } = this.#names;
    const total = await this.#connection.ask((redis) => redis.xlen(dead));
    const count = Math.min(offset + limit, total);
    if (count <= offset) return { entries: [], total };
    const found = await this.#connection.ask((redis) => redis.xrange(dead, '-', '+', 'COUNT', count));
    return { entries: found.slice(offset).map(entryOf), total };
  }

  async get(id: Cursor): Promise<DeadEntry | undefined> {
    if (!isCursor(id)) return undefined;
    const [found] = await this.#connection.ask((redis) => redis.xrange(this.#names.dead, id, id));
    return found && entryOf(found);
  }

  async retry(id: Cursor): Promise<boolean> {
    const { dead, inbox } = this.#names;
    return (
      isCursor(id) && (await this.#connection.ask((redis) => redis.belfryRetry(2, dead, inbox, id))) === 1
    );
  }

  async remove(id: Cursor): Promise<boolean> {
    return isCursor(id) && (await this.#connection.ask((redis) => redis.xdel(this.#names.dead, id))) === 1;
  }
}

function entryOf([id, fields]: [id: string, fields: string[]]): DeadEntry {
  const field = (name: string): string => {
    const at = fields.findIndex((each, i) => i % 2 === 0 && each === name);
    return at < 0 ? '' : (fields[at + 1] ?? '');
  };
  const [entry, time, reason] = [field('entry'), field('time'), field('reason')];
  return { id, entry, time, reason, message: field('message'), event: field('event') };
}
