import { bound } from '../model/bound.ts';
import type { Chunk } from './frame.ts';

const MAX_BYTES = bound(
  'bytes of flushes that wait on a node for those who kept up until then, beyond their queues',
  64 * 1024 * 1024,
  'bytes',
  'a connection whose queue they do not fit into is closed with 4008, or what its policy names is left out',
);

/**
 * What waits on a node for connections that kept up until a flush which is more than their queues hold. What several wait
 * for counts once, as it is held once.
 */
export class Allowance {
  /** How many wait for each. */
  readonly #waiting = new Map<Chunk, number>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for one more that waits for this. */
  take(chunk: Chunk): boolean {
    const waiting = this.#waiting.get(chunk) ?? 0;
    if (waiting === 0) {
      if (this.#bytes + chunk.bytes.length > MAX_BYTES) return false;
      this.#bytes += chunk.bytes.length;
    }
    this.#waiting.set(chunk, waiting + 1);
    return true;
  }

  giveBack(chunk: Chunk): void {
    const waiting = (this.#waiting.get(chunk) ?? 1) - 1;
    if (waiting > 0) return void this.#waiting.set(chunk, waiting);
    if (this.#waiting.delete(chunk)) this.#bytes -= chunk.bytes.length;
  }
}
