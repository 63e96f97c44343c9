import type { Result } from 'ioredis';
import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisNames } from './redis-log.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** inbox-check.lua */
    belfryCheckInbox(
      keyCount: 2,
      ...keysAndArguments: (string | number)[]
    ): Result<[wasWrong: 0 | 1, addedAgain: number, gone: number], Context>;
    /** log-check.lua */
    belfryCheckLog(keyCount: 2, ...keys: string[]): Result<[wasWrong: 0 | 1, addedAgain: number], Context>;
  }
}

const AHEAD_MS = bound(
  'time by which the id of an inbox entry may be ahead of the clock of Redis',
  60_000,
  'ms',
  'the entry is added again under an id of now, after all others',
);

/** Whoever may add to a stream may name the id and trim what is there, and no right of Redis keeps that from them. */
const WHO =
  'Whoever may XADD can do that; expected `XADD <key> * event <event>`, without an id and without MAXLEN or MINID.';

/** Keeps the streams of a hub such that they go on, whatever was added to them, and tells what went missing. */
export class StreamCheck {
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #log: Logger;
  #mended = 0;
  #gone = 0;

  constructor(connection: RedisConnection, names: RedisNames, log: Logger) {
    this.#connection = connection;
    this.#names = names;
    this.#log = log;
  }

  /** How often this node has set the ids of a stream right. */
  get mended(): number {
    return this.#mended;
  }

  /** How many entries this node found to have left the inbox before any had settled them. */
  get gone(): number {
    return this.#gone;
  }

  /** Never rejects. Of nodes that look at the same time, one finds what is wrong. */
  async run(): Promise<void> {
    try {
      await Promise.all([this.#checkInbox(), this.#checkLog()]);
    } catch (error) {
      if (this.#connection.isReady)
        this.#log.warn({ err: error }, 'cannot look at the streams; trying again');
    }
  }

  async #checkInbox(): Promise<void> {
    const { inbox, settled } = this.#names;
    const [wasWrong, addedAgain, gone] = await this.#connection.ask((redis) =>
      redis.belfryCheckInbox(2, inbox, settled, AHEAD_MS),
    );
    if (wasWrong === 1) this.#tellMended(inbox, addedAgain);
    if (gone === 0) return;
    this.#gone += gone;
    this.#log.error(
      { stream: inbox, gone },
      `entries were trimmed or deleted before any node had read them. ${WHO}`,
    );
  }

  async #checkLog(): Promise<void> {
    const { log, last } = this.#names;
    const [wasWrong, addedAgain] = await this.#connection.ask((redis) => redis.belfryCheckLog(2, log, last));
    if (wasWrong === 1) this.#tellMended(log, addedAgain);
  }

  #tellMended(stream: string, addedAgain: number): void {
    this.#mended++;
    this.#log.error(
      { stream, addedAgain },
      `an entry had an id that leaves none for what follows; mended. ${WHO}`,
    );
  }
}
