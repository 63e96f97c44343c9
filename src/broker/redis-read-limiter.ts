import type { Redis } from 'ioredis';
import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { RedisConnection } from './redis-connection.ts';

const MAX_ASKED = bound(
  'reads of the past that a node sends to Redis at once',
  2,
  'entries',
  'the next one waits for its turn',
);
const MAX_WAITING = bound(
  'reads of the past that wait for their turn on a node',
  10_000,
  'entries',
  'the next one is refused with unavailable',
);

/**
 * Limits how many reads of the past run at once on a connection. The node uses the same connection for reads of its
 * own, which so are answered soon however many clients read the past, and no page waits behind a hundred others on
 * the wire.
 */
export class ReadLimiter {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  #asked = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(connection: Pick<RedisConnection, 'ask'>) {
    this.#connection = connection;
  }

  /** @throws BelfryError `unavailable`, when Redis refuses or does not answer in time, or too many wait already */
  async ask<T>(run: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#asked < MAX_ASKED) this.#asked++;
    else await this.#turn();
    try {
      return await this.#connection.ask(run);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#asked--;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new BelfryError(
        'unavailable',
        'Too many clients read the past at this moment. Expected another try in a moment.',
      );
    }
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
}
