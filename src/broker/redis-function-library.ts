import type { Logger } from 'pino';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import { LIBRARY_NAME, LIBRARY_VERSION, PUBLISH_LIBRARY } from './redis-scripts.ts';
import type { StoredHubRules } from './redis-hub-rules.ts';

const IS_THERE = `'${LIBRARY_NAME}' already exists`;

/**
 * Loads the Redis function `belfry_publish`, which services call to publish, and the rules of this hub that it reads.
 */
export class FunctionLibrary {
  readonly #connection: RedisConnection;
  readonly #rules: StoredHubRules;
  readonly #log: Logger;
  #refused = false;

  constructor(connection: RedisConnection, rules: StoredHubRules, log: Logger) {
    this.#connection = connection;
    this.#rules = rules;
    this.#log = log;
  }

  /**
   * Loads the library. Among nodes of several versions the library of the newest version stays, whichever node starts
   * last.
   */
  load(): Promise<void> {
    return this.#try(async () => {
      await this.#rules.write();
      const found = await this.#connection.ask((redis) =>
        redis.function('LIST', 'LIBRARYNAME', LIBRARY_NAME, 'WITHCODE'),
      );
      const [library = []] = found as string[][];
      const code = library.at(-1) ?? '';
      const version = Number(/^-- version (\d+)$/m.exec(code)?.[1] ?? 0);
      if (code === PUBLISH_LIBRARY || version > LIBRARY_VERSION) return;
      await this.#connection.ask((redis) => redis.function('LOAD', 'REPLACE', PUBLISH_LIBRARY));
    });
  }

  /** Loads the library and writes the rules again only where they are missing. */
  restore(): Promise<void> {
    return this.#try(async () => {
      await this.#rules.restore();
      await this.#connection.ask((redis) => redis.function('LOAD', PUBLISH_LIBRARY), IS_THERE);
    });
  }

  async #try(load: () => Promise<unknown>): Promise<void> {
    try {
      await load();
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
