import type { Logger } from 'pino';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import { LIBRARY_NAME, LIBRARY_VERSION, PUBLISH_LIBRARY } from './redis-scripts.ts';
import type { StoredHubRules } from './redis-hub-rules.ts';

const IS_THERE = `'${LIBRARY_NAME}' already exists`;

/** A shard, as far as the function is concerned. */
interface Place {
  readonly commands: RedisConnection;
  readonly rules: Pick<StoredHubRules, 'write'>;
}

/**
 * Loads the Redis function `belfry_publish`, which services call to publish, at each master, and writes for each shard the
 * rules that it reads.
 */
export class FunctionLibrary {
  readonly #places: Iterable<Place>;
  readonly #log: Logger;
  #refused = false;

  constructor(places: Iterable<Place>, log: Logger) {
    this.#places = places;
    this.#log = log;
  }

  /**
   * Loads the library. Among nodes of several versions the library of the newest version stays, whichever node starts
   * last.
   */
  async load(): Promise<void> {
    await this.writeRules();
    await this.#atEachMaster(async (commands) => {
      const found = await commands.ask((redis) =>
        redis.function('LIST', 'LIBRARYNAME', LIBRARY_NAME, 'WITHCODE'),
      );
      const [library = []] = found as string[][];
      const code = library.at(-1) ?? '';
      const version = Number(/^-- version (\d+)$/m.exec(code)?.[1] ?? 0);
      if (code === PUBLISH_LIBRARY || version > LIBRARY_VERSION) return;
      await commands.ask((redis) => redis.function('LOAD', 'REPLACE', PUBLISH_LIBRARY));
    });
  }

  /** Writes the rules of each shard. */
  async writeRules(): Promise<void> {
    await Promise.all(
      Array.from(this.#places, ({ commands, rules }) => this.#try(commands, () => rules.write())),
    );
  }

  /** Loads the library only where it is missing. */
  restore(): Promise<void> {
    return this.#atEachMaster(async (commands) => {
      await commands.ask((redis) => redis.function('LOAD', PUBLISH_LIBRARY), IS_THERE);
    });
  }

  async #atEachMaster(load: (commands: RedisConnection) => Promise<void>): Promise<void> {
    const masters = new Map(Array.from(this.#places, ({ commands }) => [commands.peer, commands]));
    await Promise.all(Array.from(masters.values(), (commands) => this.#try(commands, () => load(commands))));
  }

  async #try(commands: RedisConnection, load: () => Promise<unknown>): Promise<void> {
    try {
      await load();
    } catch (error) {
      if (isRefusal(error, IS_THERE) || this.#refused || !commands.isReady) return;
      this.#refused = true;
      this.#log.warn(
        { err: error },
        'cannot load the function belfry_publish: services cannot call it; all else works',
      );
    }
  }
}
