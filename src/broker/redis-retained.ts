import type { ChainableCommander } from 'ioredis';
import { START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Retention } from '../model/retention.ts';
import type { Retained, RetainedWish } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import { fieldOf, type LogEntry, type RedisNames } from './redis-log.ts';
import { Reader, type ReaderOptions } from './redis-reader.ts';

type Entry = Pick<LogEntry, 'id' | 'body'>;

/** How to read what one wish is about. */
interface Read {
  readonly wish: RetainedWish;
  readonly ask: (commands: ChainableCommander) => void;
  readonly entries: (reply: unknown) => readonly Entry[];
}

export interface RedisRetainedOptions extends ReaderOptions {
  readonly retention: Retention;
}

/** What retain.lua has kept, read back. Whatever is no event in it is reported and left out. */
export class RedisRetained implements Retained {
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #options: RedisRetainedOptions;

  constructor(connection: RedisConnection, names: RedisNames, options: RedisRetainedOptions) {
    this.#connection = connection;
    this.#names = names;
    this.#options = options;
  }

  /** One transaction, so that nothing is published between the end of the log and a tail. */
  async retained(wishes: readonly RetainedWish[]): Promise<{ events: HubEvent[]; cursor: Cursor }> {
    const reads = wishes.flatMap((wish) => this.#readOf(wish) ?? []);
    const [cursor, ...replies] = await this.#connection.ask(async (redis) => {
      const commands = redis.multi().get(this.#names.last);
      for (const { ask } of reads) ask(commands);
      return (
        (await commands.exec())?.map(([error, reply]) => {
          if (error !== null) throw error;
          return reply;
        }) ?? []
      );
    });
    const events = reads.flatMap(({ entries, wish }, i) => this.#events(entries(replies[i]), wish));
    return { events, cursor: (cursor as Cursor | null | undefined) ?? START };
  }

  keepsLatest(type: string): boolean {
    return this.#options.retention.keepsLatest(type);
  }

  async latest(type: string): Promise<HubEvent[]> {
    const values = await this.#connection.ask((redis) => redis.hvalsBuffer(this.#names.latest(type)));
    return this.#events(values.map(splitValue), { type });
  }

  async latestOf(type: string, key: string): Promise<HubEvent | undefined> {
    const value = await this.#connection.ask((redis) => redis.hgetBuffer(this.#names.latest(type), key));
    return value === null ? undefined : this.#events([splitValue(value)], { type, key })[0];
  }

  #readOf(wish: RetainedWish): Read | undefined {
    const { type, action, key, count } = wish;
    const keep = this.#options.retention.wished(wish);
    if (keep === undefined || count < 1) return undefined;
    if (keep.kind === 'tail') {
      const name = this.#names.tail(type, action, key);
      return {
        wish,
        ask: (commands) => commands.xrevrangeBuffer(name, '+', '-', 'COUNT', count),
        entries: (reply) => (reply as [id: Buffer, fields: Buffer[]][]).map(entryOf).toReversed(),
      };
    }
    return {
      wish,
      ask: (commands) => commands.hgetBuffer(this.#names.latest(type), key),
      entries: (reply) => (reply === null ? [] : [splitValue(reply as Buffer)]),
    };
  }

  /** A hash does not tell actions apart, and anybody may have filed anything anywhere. */
  #events(entries: readonly Entry[], { type, action = '*', key }: Partial<RetainedWish>): HubEvent[] {
    const reader = new Reader(this.#options);
    return entries.flatMap((entry) => {
      const event = reader.entry('log', { ...entry, previous: START });
      if (event === undefined || event.type !== type) return [];
      if ((action !== '*' && event.action !== action) || (key !== undefined && event.key !== key)) return [];
      const { previous: _unknown, ...kept } = event;
      return [kept];
    });
  }
}

function entryOf([id, fields]: [id: Buffer, fields: Buffer[]]): Entry {
  return { id: id.toString('latin1'), body: fieldOf(fields, 'e') ?? Buffer.alloc(0) };
}

/** `<id> <event>` */
function splitValue(value: Buffer): Entry {
  const space = value.indexOf(' ');
  return { id: value.toString('latin1', 0, space), body: value.subarray(space + 1) };
}
