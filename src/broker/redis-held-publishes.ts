import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import type { RedisConnection } from './redis-connection.ts';
import { isOnItsWay } from './redis-publish-refusal.ts';

const HOLD_MS = bound(
  'time for which a publish waits while the slot of its shard moves to another master',
  2_000,
  'ms',
  'it is refused with unavailable',
);
const MAX_HELD = bound(
  'publishes of a shard that wait for its slot',
  10_000,
  'entries',
  'each further one is refused with unavailable',
);
const LOOK_EVERY_MS = 50;

interface Held {
  readonly again: () => void;
  readonly refused: (error: unknown) => void;
  readonly error: unknown;
}

export interface HoldOptions {
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly connection: Pick<RedisConnection, 'isReady'>;
}

/**
 * Holds publishes back while the slot of their shard moves from one master of a Cluster to another. A script needs all its
 * keys at one master, so neither carries it out meanwhile. Those that are held go on in the order in which they came.
 */
export class HeldPublishes {
  readonly #options: HoldOptions;
  readonly #begin: () => Promise<void>;
  #held: Held[] = [];
  #isHolding = false;

  /** `begin` rejects with the reason while publishing is not possible. */
  constructor(options: HoldOptions, begin: () => Promise<void>) {
    this.#options = options;
    this.#begin = begin;
  }

  /** Whether a publish that comes now must wait, so that it does not overtake others. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** `again` is called when the slot is there, and otherwise `refused`, with the error if there is one. */
  hold(again: () => void, refused: (error: unknown) => void, error: unknown = moving()): void {
    if (this.#held.length >= MAX_HELD) return refused(error);
    this.#held.push({ again, refused, error });
    if (!this.#isHolding) void this.#wait();
  }

  async #wait(): Promise<void> {
    const { clock } = this.#options;
    this.#isHolding = true;
    const until = clock.elapsed() + HOLD_MS;
    let isThere = false;
    while (!isThere && clock.elapsed() < until) {
      await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
      isThere = await this.#isThere();
    }
    const held = this.#held;
    this.#held = [];
    this.#isHolding = false;
    for (const { again, refused, error } of held) {
      if (isThere) again();
      else refused(error);
    }
  }

  /** Whether the connection leads to the slot. Another fault is found by the publishes themselves. */
  async #isThere(): Promise<boolean> {
    if (!this.#options.connection.isReady) return false;
    return this.#begin().then(
      () => true,
      (error: unknown) => !isOnItsWay(error),
    );
  }
}

function moving(): BelfryError {
  return new BelfryError(
    'unavailable',
    'The slot of the shard moves to another master. Nothing was accepted; expected another try in a moment.',
  );
}
