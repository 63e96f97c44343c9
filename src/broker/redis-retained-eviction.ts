import type { Result } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retained-evict.lua */
    belfryEvictRetained(
      keyCount: 2,
      ...keysAndArguments: (string | number)[]
    ): Result<[held: number, gone: number, isMore: 0 | 1], Context>;
  }
}

/** Evicts tails and latest values when they take too many bytes, and counts what it evicted. */
export class RetainedEviction {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #options: { readonly log: Logger; readonly maxRetainedBytes: number };
  #held = 0;
  #gone = 0;
  #running: Promise<void> | undefined;

  constructor(
    connection: RedisConnection,
    keys: RedisKeys,
    options: { readonly log: Logger; readonly maxRetainedBytes: number },
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#options = options;
  }

  /** Bytes that all nodes together retain, as of the last check. */
  get held(): number {
    return this.#held;
  }

  /** How many tails, halves of tails and values this node has evicted. */
  get gone(): number {
    return this.#gone;
  }

  /** Never rejects. The nodes share the work: what one node has checked, no other checks again. */
  run(): Promise<void> {
    return (this.#running ??= this.#run().finally(() => (this.#running = undefined)));
  }

  async #run(): Promise<void> {
    const { log, maxRetainedBytes } = this.#options;
    const before = this.#gone;
    try {
      while (await this.#turn());
    } catch (error) {
      if (this.#connection.isReady)
        log.warn({ err: error }, 'cannot check how many bytes are retained; trying again');
    }
    const gone = this.#gone - before;
    if (gone > 0)
      log.warn(
        { gone, maxBytes: maxRetainedBytes },
        'the retention rules keep more than fits: the values that were written to least recently were evicted. Expected shorter rules, or a larger BELFRY_RETAINED_MAX_BYTES.',
      );
  }

  /** Does a part of the work, so that Redis can serve others in between. @returns whether there is more to do */
  async #turn(): Promise<boolean> {
    const { written, held } = this.#keys;
    const [bytes, gone, isMore] = await this.#connection.ask((redis) =>
      redis.belfryEvictRetained(2, written, held, this.#options.maxRetainedBytes),
    );
    this.#held = bytes;
    this.#gone += gone;
    return isMore === 1;
  }
}
