import { bound } from '../model/bound.ts';
import type { Chunk } from './frame.ts';

const MAX_BYTES = bound(
  'bytes of flushes that wait on a node for connections that kept up until then, beyond their queues',
  64 * 1024 * 1024,
  'bytes',
  'a connection whose queue they do not fit into is closed with 4008, or what its policy names is left out',
);

/**
 * How many bytes may wait on a node beyond the queues of its connections: those of a flush that is larger than the
 * queue of a connection that kept up until then. A chunk that several connections wait for counts once, since it is
 * held once.
 */
export class BurstBudget {
  /** How many connections wait for each chunk. */
  readonly #waiting = new Map<Chunk, number>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts one more connection that waits for the chunk. Returns `false` if the budget has no room for it. */
  take(chunk: Chunk): boolean {
    const waiting = this.#waiting.get(chunk) ?? 0;
    if (waiting === 0) {
      if (this.#bytes + chunk.bytes.length > MAX_BYTES) return false;
      this.#bytes += chunk.bytes.length;
    }
    this.#waiting.set(chunk, waiting + 1);
    return true;
  }

  /** Notes that one connection no longer waits for the chunk. */
  giveBack(chunk: Chunk): void {
    const waiting = (this.#waiting.get(chunk) ?? 1) - 1;
    if (waiting > 0) return void this.#waiting.set(chunk, waiting);
    if (this.#waiting.delete(chunk)) this.#bytes -= chunk.bytes.length;
  }
}
