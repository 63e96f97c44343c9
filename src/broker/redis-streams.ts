import type { Result } from 'ioredis';
import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Flow } from './broker.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisNames } from './redis-log.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** inbox-check.lua */
    belfryCheckInbox(
      keyCount: 2,
      ...keysAndArguments: (string | number)[]
    ): Result<[wasWrong: 0 | 1, addedAgain: number, gone: number, trimmed: number, held: number], Context>;
    /** log-check.lua */
    belfryCheckLog(
      keyCount: 2,
      ...keys: string[]
    ): Result<[wasWrong: 0 | 1, addedAgain: number, held: number], Context>;
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
  readonly #maxInboxBytes: number;
  #mended = 0;
  #gone = 0;
  #held = { log: 0, inbox: 0 };

  constructor(
    connection: RedisConnection,
    names: RedisNames,
    { log, maxInboxBytes }: { readonly log: Logger; readonly maxInboxBytes: number },
  ) {
    this.#connection = connection;
    this.#names = names;
    this.#log = log;
    this.#maxInboxBytes = maxInboxBytes;
  }

  /** How often this node has set the ids of a stream right. */
  get mended(): number {
    return this.#mended;
  }

  /** How many entries this node found to have left the inbox before any had settled them. */
  get gone(): number {
    return this.#gone;
  }

  /** As {@link Flow.heldBytes}. */
  get held(): Pick<Flow['heldBytes'], 'log' | 'inbox'> {
    return this.#held;
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
    const [wasWrong, addedAgain, gone, trimmed, held] = await this.#connection.ask((redis) =>
      redis.belfryCheckInbox(2, inbox, settled, AHEAD_MS, this.#maxInboxBytes),
    );
    this.#held.inbox = held;
    if (wasWrong === 1) this.#tellMended(inbox, addedAgain);
    this.#gone += gone + trimmed;
    if (trimmed > 0)
      this.#log.error(
        { stream: inbox, trimmed, maxBytes: this.#maxInboxBytes },
        'the inbox was full, and its oldest entries are gone. Expected nodes that keep up, or a larger BELFRY_INBOX_MAX_BYTES.',
      );
    if (gone > 0)
      this.#log.error(
        { stream: inbox, gone },
        `entries were trimmed or deleted before any node had read them. ${WHO}`,
      );
  }

  async #checkLog(): Promise<void> {
    const { log, last } = this.#names;
    const [wasWrong, addedAgain, held] = await this.#connection.ask((redis) =>
      redis.belfryCheckLog(2, log, last),
    );
    this.#held.log = held;
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
