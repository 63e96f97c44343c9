import type { Clock } from '../model/clock.ts';
import { compareCursors } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { LogFollower } from './redis-log-follower.ts';
import type { RedisKeys } from './redis-keys.ts';
import { lastOf } from './redis-log-entry.ts';

/** Proves that events flow through Redis to this node, and remembers how that went. */
export class DeliveryProbe {
  readonly #commands: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #subscriber: RedisConnection;
  readonly #clock: Clock;
  #holds = false;
  #ms = 0;

  constructor(commands: RedisConnection, subscriber: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Whether the last one succeeded. */
  get holds(): boolean {
    return this.#holds;
  }

  /** How long the last one that succeeded took: one that fails at once is no fast one. */
  get ms(): number {
    return this.#ms;
  }

  /** @throws BelfryError `unavailable`, with the reason */
  async run(follower: LogFollower): Promise<void> {
    const began = this.#clock.elapsed();
    try {
      await this.#prove(follower);
    } catch (error) {
      this.#holds = false;
      throw error;
    }
    this.#holds = true;
    this.#ms = this.#clock.elapsed() - began;
  }

  /**
   * Each pong comes after every message that was published before it. So when the log had an entry before the ping
   * that was not heard before the pong, the node is deaf, however sound its connections look.
   */
  async #prove(follower: LogFollower): Promise<void> {
    const before = follower.position;
    const last = await lastOf(this.#commands, this.#keys);
    await this.#subscriber.ask((redis) => redis.ping());
    if (follower.state === 'paused')
      throw new BelfryError('unavailable', 'The node is cut off from the log.');
    if (follower.state === 'stalled') {
      throw new BelfryError('unavailable', 'The node reads what it missed in the log, and gets no further.');
    }
    if (follower.state === 'reading') return;
    if (compareCursors(last, before) < 0) {
      follower.suspect();
      throw new BelfryError('unavailable', 'The log has lost its end.');
    }
    if (compareCursors(follower.position, last) < 0) {
      throw new BelfryError('unavailable', 'The node does not hear what is published.');
    }
  }
}
