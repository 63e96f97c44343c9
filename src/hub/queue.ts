import type { Chunk } from './frame.ts';

export interface QueueBounds {
  readonly maxDeliveries: number;
  readonly maxBytes: number;
}

/** What a connection that lags has still to be sent: references to shared bytes, within bounds. */
export class DeliveryQueue {
  readonly #bounds: QueueBounds;
  readonly #chunks: Chunk[] = [];
  #deliveries = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Whether it was taken; `false` when it would pass a bound. An empty queue takes anything once. */
  push(chunk: Chunk, inAnyCase = false): boolean {
    const deliveries = this.#deliveries + chunk.deliveries;
    const bytes = this.#bytes + chunk.bytes.length;
    const over = deliveries > this.#bounds.maxDeliveries || bytes > this.#bounds.maxBytes;
    if (over && !this.isEmpty && !inAnyCase) return false;
    this.#chunks.push(chunk);
    this.#deliveries = deliveries;
    this.#bytes = bytes;
    return true;
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#deliveries -= chunk.deliveries;
    this.#bytes -= chunk.bytes.length;
    return chunk;
  }
}
