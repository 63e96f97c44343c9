import type { ChainableCommander, Result } from 'ioredis';
import { START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Retention } from '../model/retention.ts';
import { mapInTurns } from '../model/turn.ts';
import type { LatestWish, Permits, Retained, RetainedWish } from './broker.ts';
import { latestOfEach, type Mark } from './latest.ts';
import type { RedisConnection } from './redis-connection.ts';
import { escaped, fieldOf, type LogEntry, type RedisNames } from './redis-log.ts';
import { Reader, type ReaderOptions } from './redis-reader.ts';

/** Names read at once. */
const PAGE = 500;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** tails.lua, under the name that the broker gives it. */
    belfryTails(
      keyCount: 1,
      names: string,
      from: string,
      to: string,
      count: number,
    ): Result<string[], Context>;
  }
}

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
    const [cursor, ...replies] = await this.#connection.ask((redis) => {
      const commands = redis.multi().get(this.#names.last);
      for (const { ask } of reads) ask(commands);
      return repliesTo(commands);
    });
    const events = await this.#eventsOf(reads, replies);
    return { events, cursor: (cursor as Cursor | null | undefined) ?? START };
  }

  keeps(type: string): boolean {
    return this.#options.retention.kindOf(type) !== undefined;
  }

  async latest(type: string, wish: LatestWish = {}): Promise<{ events: HubEvent[]; total: number }> {
    if (this.#options.retention.kindOf(type) === 'latest') {
      const values = await this.#connection.ask((redis) => redis.hvalsBuffer(this.#names.latest(type)));
      const { page: events, total } = latestOfEach(
        await this.#events(values.map(splitValue), { type }),
        wish,
      );
      return { events, total };
    }
    const { page, total } = latestOfEach(await this.#tails(type), wish);
    return { events: await this.#newest(page), total };
  }

  async latestOf(type: string, key: string, permits: Permits = () => true): Promise<HubEvent | undefined> {
    if (this.#options.retention.kindOf(type) === 'latest') {
      const value = await this.#connection.ask((redis) => redis.hgetBuffer(this.#names.latest(type), key));
      return value === null
        ? undefined
        : (await this.#events([splitValue(value)], { type, key })).find(permits);
    }
    const [event] = await this.#newest(latestOfEach(await this.#tails(type, key), { permits }).page);
    return event;
  }

  /** What the last event is of each tail, or of each of one key: not the event itself, which few will be asked for. */
  async #tails(type: string, key?: string): Promise<Mark[]> {
    if (!this.keeps(type)) return [];
    const marks: Mark[] = [];
    // In ASCII `;` follows `:`, with which every name goes on after its key.
    const [first, to] = key === undefined ? ['-', '+'] : [`[${escaped(key)}:`, `(${escaped(key)};`];
    for (let from = first; from !== '(';) {
      const [last = '', ...found] = await this.#connection.ask((redis) =>
        redis.belfryTails(1, this.#names.tails(type), from, to, PAGE),
      );
      for (let i = 0; i + 2 < found.length; i += 3) {
        const [of = '', action = '', id = START] = found.slice(i, i + 3);
        if (this.#options.retention.of({ type, action })) marks.push({ type, key: of, action, id });
      }
      from = `(${last}`;
    }
    return marks;
  }

  /** The last event of each tail, {@link PAGE} of them at once. */
  async #newest(tails: readonly Mark[]): Promise<HubEvent[]> {
    const events: HubEvent[] = [];
    for (let i = 0; i < tails.length; i += PAGE) {
      const wishes = tails.slice(i, i + PAGE).map((tail) => ({ ...tail, count: 1 }));
      const reads = wishes.flatMap((wish) => this.#readOf(wish) ?? []);
      const replies = await this.#connection.ask((redis) => {
        const commands = redis.pipeline();
        for (const { ask } of reads) ask(commands);
        return repliesTo(commands);
      });
      events.push(...(await this.#eventsOf(reads, replies)));
    }
    return events;
  }

  #readOf(wish: RetainedWish): Read | undefined {
    const { type, action, key, count } = wish;
    const keep = this.#options.retention.wished(wish);
    if (keep === undefined || count < 1) return undefined;
    if (key !== undefined && keep.kind === 'tail') {
      const name = this.#names.tail(type, action, key);
      return {
        wish,
        ask: (commands) => commands.xrevrangeBuffer(name, '+', '-', 'COUNT', count),
        entries: (reply) => (reply as [id: Buffer, fields: Buffer[]][]).map(entryOf).toReversed(),
      };
    }
    const [name, field] = key === undefined ? [this.#names.changed, type] : [this.#names.latest(type), key];
    return {
      wish,
      ask: (commands) => commands.hgetBuffer(name, field),
      entries: (reply) => (reply === null ? [] : [splitValue(reply as Buffer)]),
    };
  }

  async #eventsOf(reads: readonly Read[], replies: readonly unknown[]): Promise<HubEvent[]> {
    const events: HubEvent[] = [];
    for (const [i, { entries, wish }] of reads.entries())
      events.push(...(await this.#events(entries(replies[i]), wish)));
    return events;
  }

  /** A hash does not tell actions apart, and anybody may have filed anything anywhere. */
  async #events(
    entries: readonly Entry[],
    { type, action = '*', key }: Partial<RetainedWish>,
  ): Promise<HubEvent[]> {
    const reader = new Reader(this.#options);
    const read = await mapInTurns(entries, (entry) => reader.entry('log', { ...entry, previous: START }));
    return read.flatMap((event) => {
      if (event === undefined || event.type !== type) return [];
      if ((action !== '*' && event.action !== action) || (key !== undefined && event.key !== key)) return [];
      const { previous: _unknown, ...kept } = event;
      return [kept];
    });
  }
}

async function repliesTo(commands: ChainableCommander): Promise<unknown[]> {
  const replies = (await commands.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}

function entryOf([id, fields]: [id: Buffer, fields: Buffer[]]): Entry {
  return { id: id.toString('latin1'), body: fieldOf(fields, 'e') ?? Buffer.alloc(0) };
}

/** `<id> <event>` */
function splitValue(value: Buffer): Entry {
  const space = value.indexOf(' ');
  return { id: value.toString('latin1', 0, space), body: value.subarray(space + 1) };
}
