import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { networkOf } from '../../registry/address.ts';

/**
 * How many wrong passwords are free, and the longest wait after further ones. Each wait is twice as long as the one
 * before.
 */
interface Allowance {
  readonly free: number;
  readonly maxWaitMs: number;
}

const FIRST_WAIT_MS = 1_000;
const FATE =
  'the next try waits, from a second on, twice as long after each; until then it gets attempts_exceeded';

const GROWS = 'it does not grow further';

/** The allowance for one name from one address. */
const PAIR: Allowance = {
  free: bound('wrong passwords for one name from one address', 10, 'entries', FATE),
  maxWaitMs: bound('wait after wrong passwords for one name from one address', 5 * 60_000, 'ms', GROWS),
};
/** The allowance for all names from one address together, since many people may share an address. */
const ADDRESS: Allowance = {
  free: bound('wrong passwords from one address', 50, 'entries', FATE),
  maxWaitMs: bound('wait after wrong passwords for one address', 60_000, 'ms', GROWS),
};
/**
 * The allowance for one name from all addresses together. It delays only addresses that sent a wrong password before,
 * so that nobody can lock out a user.
 */
const NAME: Allowance = {
  free: bound('wrong passwords for one name from all addresses', 100, 'entries', FATE),
  maxWaitMs: bound('wait after wrong passwords for one name from all addresses', 10_000, 'ms', GROWS),
};
const FORGET_MS = bound(
  'time for which wrong passwords are remembered',
  15 * 60_000,
  'ms',
  'they no longer count',
);
const MAX_COUNTERS = bound(
  'names and addresses whose wrong passwords are counted',
  10_000,
  'entries',
  'those with the oldest wrong password are forgotten',
);

interface Counter {
  wrong: number;
  /** A time by the elapsed time of the clock. */
  at: number;
}

/** Counts wrong passwords on this node, and says how long a client that guesses has to wait. */
export class Attempts {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** The latest counter is the last. */
  readonly #counters = new Map<string, Counter>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** In how many milliseconds this name may be tried from this address. 0 means at once. */
  waitMs(name: string, address: string): number {
    const { pair, network, anywhere } = keysOf(name, address);
    const waits = [this.#waitOf(pair, PAIR), this.#waitOf(network, ADDRESS)];
    if (this.#counterOf(pair) !== undefined) waits.push(this.#waitOf(anywhere, NAME));
    return Math.max(...waits);
  }

  wrong(name: string, address: string): void {
    for (const key of Object.values(keysOf(name, address))) {
      const wrong = (this.#counterOf(key)?.wrong ?? 0) + 1;
      this.#counters.delete(key);
      this.#counters.set(key, { wrong, at: this.#clock.elapsed() });
    }
    for (const key of this.#counters.keys()) {
      if (this.#counters.size <= MAX_COUNTERS) break;
      this.#counters.delete(key);
    }
  }

  /**
   * Forgets the wrong passwords before a right one, since they were slips. The address stays counted, because one of
   * its users could otherwise clear it for the others.
   */
  right(name: string, address: string): void {
    this.#counters.delete(keysOf(name, address).pair);
  }

  #counterOf(key: string): Counter | undefined {
    const counter = this.#counters.get(key);
    return counter !== undefined && this.#clock.elapsed() - counter.at < FORGET_MS ? counter : undefined;
  }

  #waitOf(key: string, { free, maxWaitMs }: Allowance): number {
    const counter = this.#counterOf(key);
    if (counter === undefined || counter.wrong < free) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (counter.wrong - free), maxWaitMs);
    return Math.max(0, counter.at + wait - this.#clock.elapsed());
  }
}

function keysOf(name: string, address: string): { pair: string; network: string; anywhere: string } {
  const network = networkOf(address);
  return { pair: `${network} ${name}`, network, anywhere: ` ${name}` };
}
