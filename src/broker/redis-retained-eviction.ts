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

/** Keeps tails and latest values within their bytes, and tells what had to go. */
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

  /** Bytes that all nodes together keep, as they were when last looked at. */
  get held(): number {
    return this.#held;
  }

  /** How many tails and values this node has dropped, and halves of tails. */
  get gone(): number {
    return this.#gone;
  }

  /** Never rejects. What one of several nodes has looked at, no other looks at again. */
  run(): Promise<void> {
    return (this.#running ??= this.#run().finally(() => (this.#running = undefined)));
  }

  async #run(): Promise<void> {
    const { log, maxRetainedBytes } = this.#options;
    const before = this.#gone;
    try {
      while (await this.#turn());
    } catch (error) {
      if (this.#connection.isReady) log.warn({ err: error }, 'cannot look at what is kept; trying again');
    }
    const gone = this.#gone - before;
    if (gone > 0)
      log.warn(
        { gone, maxBytes: maxRetainedBytes },
        'the retention rules keep more than there is room for: what was written to least recently is gone. Expected shorter rules, or a larger BELFRY_RETAINED_MAX_BYTES.',
      );
  }

  /** A part of it, lest Redis does nothing else meanwhile. @returns whether there is more to do */
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
