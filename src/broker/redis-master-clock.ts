import type { Clock } from '../model/clock.ts';
import type { RedisConnection } from './redis-connection.ts';

/**
 * Compares the clock of the master of a shard with the clock of this node. The master numbers events by its clock, so a time
 * that a client gives as a position means the time of each master.
 */
export class MasterClock {
  readonly #connection: RedisConnection;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  #offsetMs: number | undefined;

  constructor(connection: RedisConnection, clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** How far the master was ahead when it was asked last. `undefined` before that. It is exact to half of `probeMs`. */
  get offsetMs(): number | undefined {
    return this.#offsetMs;
  }

  /** Asks the master. Never rejects, since the connection has logged why it does not answer. */
  async compare(): Promise<void> {
    const asked = this.#clock.now();
    const began = this.#clock.elapsed();
    const answer = await this.#connection.ask((redis) => redis.time()).catch(() => undefined);
    if (answer === undefined) return;
    const [seconds = 0, micros = 0] = answer.map(Number);
    const halfway = asked + (this.#clock.elapsed() - began) / 2;
    this.#offsetMs = seconds * 1_000 + micros / 1_000 - halfway;
  }
}
