import type { Logger } from 'pino';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import { LIBRARY_NAME } from './redis-scripts.ts';

const IS_THERE = `'${LIBRARY_NAME}' already exists`;

/** The function `belfry_publish` in Redis, for services that call it. */
export class Library {
  readonly #connection: RedisConnection;
  readonly #code: string;
  readonly #log: Logger;
  #refused = false;

  constructor(connection: RedisConnection, code: string, log: Logger) {
    this.#connection = connection;
    this.#code = code;
    this.#log = log;
  }

  /** With `REPLACE` the version of this node takes over; without, only a library that went missing is put back. */
  async load(replace?: 'REPLACE'): Promise<void> {
    try {
      await this.#connection.ask(
        (redis) =>
          replace ? redis.function('LOAD', replace, this.#code) : redis.function('LOAD', this.#code),
        IS_THERE,
      );
    } catch (error) {
      if (isRefusal(error, IS_THERE) || this.#refused || !this.#connection.isReady) return;
      this.#refused = true;
      this.#log.warn(
        { err: error },
        'cannot load the function belfry_publish: services cannot call it; all else works',
      );
    }
  }
}
