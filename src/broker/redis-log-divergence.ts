import { bound } from '../model/bound.ts';
import { isStart, START, type Cursor } from '../model/cursor.ts';
import type { LogReader } from './redis-log-reader.ts';

const MAX_IDS = bound(
  'ids that a node remembers of the last messages of the channel',
  64,
  'entries',
  'after more messages that are not in the log, the node assumes that the log was lost',
);

/**
 * Notices when the channel and the log diverge. Anybody with the right may write to the channel, so it can tell of
 * entries that the log does not hold. This class remembers which ids the channel told, and finds the last of them
 * that the log holds, from which the node reads on.
 */
export class LogDivergence {
  /**
   * First the position from which the channel was followed, or a later one; then the ids that the channel told since.
   */
  #ids: Cursor[] = [];
  /** Whether all ids came over one subscription, which delivers in the order of the log. */
  #isUnbroken = false;
  #isSuspect = false;

  /** Whether the channel seems to have told an entry that the log does not hold. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  begin(position: Cursor): void {
    this.#ids = [position];
  }

  /**
   * Remembers an id that follows the one before. From then on the subscription repeats nothing, so a message that
   * does not follow shows that something is wrong.
   */
  add(id: Cursor): void {
    this.#isUnbroken = true;
    if (this.#ids.push(id) > 2 * MAX_IDS) this.#ids = this.#ids.slice(-MAX_IDS);
  }

  /** Called when the subscription has ended: the next message may follow none of these ids without being wrong. */
  break(): void {
    this.#isUnbroken = false;
  }

  suspect(): void {
    this.#isSuspect = this.#isUnbroken;
  }

  /**
   * The newest remembered position that the log holds; `undefined` where it holds none of them. `last` is the end of
   * the log.
   */
  async lastHeld(log: Pick<LogReader, 'page'>, last: Cursor): Promise<Cursor | undefined> {
    this.#isSuspect = false;
    const [base = START, ...told] = this.#ids;
    const { entries } = await log.page(base);
    const held = new Set(entries.map(({ id }) => id));
    // The start position proves nothing, since every log has it, also one that has begun anew.
    const holdsBase = !isStart(base) && (last === base || entries[0]?.previous === base);
    return told.findLast((id) => held.has(id)) ?? (holdsBase ? base : undefined);
  }
}
