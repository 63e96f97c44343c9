import type { Clock } from '../model/clock.ts';
import { compareCursors } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { LogFollower } from './redis-log-follower.ts';
import type { RedisKeys } from './redis-keys.ts';
import { lastOf } from './redis-log-entry.ts';

/** Checks whether events reach this node through Redis, and keeps the result of the last check. */
export class DeliveryProbe {
  readonly #commands: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #pong: () => Promise<void>;
  readonly #clock: Clock;
  #holds = false;
  #ms = 0;

  /** `pong` resolves when the subscriber has had an answer to a ping. */
  constructor(commands: RedisConnection, pong: () => Promise<void>, keys: RedisKeys, clock: Clock) {
    this.#commands = commands;
    this.#pong = pong;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Whether the last probe succeeded. */
  get holds(): boolean {
    return this.#holds;
  }

  /**
   * How long the last successful probe took. A failed probe does not count, since one that fails at once is not fast.
   */
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
   * Redis sends each pong after every message that was published before it. So when the log had an entry before the
   * ping, and the node had not heard of that entry before the pong, the node is deaf, however healthy its connections
   * look.
   */
  async #prove(follower: LogFollower): Promise<void> {
    const before = follower.position;
    const last = await lastOf(this.#commands, this.#keys);
    await this.#pong();
    if (follower.state === 'paused')
      throw new BelfryError('unavailable', 'This node is cut off from the log.');
    if (follower.state === 'stalled') {
      throw new BelfryError(
        'unavailable',
        'This node reads what it missed from the log, and makes no progress.',
      );
    }
    if (follower.state === 'reading') return;
    if (compareCursors(last, before) < 0) {
      follower.suspect();
      throw new BelfryError('unavailable', 'The log has lost its newest entries.');
    }
    if (compareCursors(follower.position, last) < 0) {
      throw new BelfryError('unavailable', 'This node does not hear what is published.');
    }
  }
}
