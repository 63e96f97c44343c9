import { bound } from '../model/bound.ts';

const REST_MS = bound(
  'rest of a node that reads events which nobody on it wants',
  5,
  'ms',
  'it reads what came meanwhile, all at once',
);
const WANTED_WITHIN_MS = bound(
  'time after an event that a client of a node wants, in which the node reads without rests',
  5_000,
  'ms',
  'it rests between reads of what nobody wants',
);
/** Reads that follow each other faster than this are so many that a rest saves more than it costs. */
const OFTEN_MS = 1;

/**
 * Decides when a node rests between two reads of the channel: while it hears many events that nobody on it wants, so
 * that nobody waits for the next one. A read costs nearly the same for one message as for thirty.
 */
export class ReadPacer {
  #messages = 0;
  #isWanted = false;
  #wantedAt = Number.NEGATIVE_INFINITY;
  #readAt = Number.NEGATIVE_INFINITY;

  /** Called for each message, with whether anybody wants an event of it. */
  heard(isWanted: boolean): void {
    this.#messages++;
    if (isWanted) this.#isWanted = true;
  }

  /**
   * Called after each read. Returns for how many milliseconds the next read is to wait. A read that was full left
   * something behind, which must not wait, since Redis cuts off who falls behind.
   */
  afterRead(elapsed: number, isFull: boolean): number {
    const isOften = this.#messages > 1 || (this.#messages === 1 && elapsed - this.#readAt < OFTEN_MS);
    if (this.#isWanted) this.#wantedAt = elapsed;
    this.#readAt = elapsed;
    this.#messages = 0;
    this.#isWanted = false;
    return isOften && !isFull && elapsed - this.#wantedAt > WANTED_WITHIN_MS ? REST_MS : 0;
  }
}
