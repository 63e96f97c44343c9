import { bound } from '../model/bound.ts';
import { START, type Cursor } from '../model/cursor.ts';
import type { LogReader } from './redis-log-reader.ts';

const MAX_IDS = bound(
  'ids remembered of what the channel told last',
  64,
  'entries',
  'a channel that told more than that which the log does not hold is taken for a log that was lost',
);

/**
 * What the channel told since the log was read last. A channel that somebody else may write to can tell of what the log
 * does not hold; by this a node finds back to the last id that was true.
 */
export class LogDivergence {
  /** The place from which the channel was followed, or a later one, and the ids told since. */
  #ids: Cursor[] = [];
  /** Whether all of it came over one subscription, whose order is that of the log. */
  #isUnbroken = false;
  #isSuspect = false;

  /** Whether the channel is known to have told something else than the log holds. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  begin(position: Cursor): void {
    this.#ids = [position];
  }

  /** From the first that joins on, a subscription repeats nothing: whatever does not join shows that something is wrong. */
  add(id: Cursor): void {
    this.#isUnbroken = true;
    if (this.#ids.push(id) > 2 * MAX_IDS) this.#ids = this.#ids.slice(-MAX_IDS);
  }

  /** The subscription has ended: what comes next may join nothing, for good reasons. */
  break(): void {
    this.#isUnbroken = false;
  }

  suspect(): void {
    this.#isSuspect = this.#isUnbroken;
  }

  /** The newest place of the trail that the log holds, whose end is `last`; `undefined` where it holds none of them. */
  async lastHeld(log: Pick<LogReader, 'page'>, last: Cursor): Promise<Cursor | undefined> {
    this.#isSuspect = false;
    const [base = START, ...told] = this.#ids;
    const { entries } = await log.page(base);
    const held = new Set(entries.map(({ id }) => id));
    // At its start every log is alike, also one that has begun anew.
    const holdsBase = base !== START && (last === base || entries[0]?.previous === base);
    return told.findLast((id) => held.has(id)) ?? (holdsBase ? base : undefined);
  }
}
