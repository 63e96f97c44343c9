import { compareCursors, type Cursor } from '../model/cursor.ts';
import type { Chunk } from './frame.ts';

export interface QueueBounds {
  readonly maxDeliveries: number;
  readonly maxBytes: number;
}

/** What was left out of a queue since its client was last told. */
export interface Missed {
  readonly dropped: number;
  /** Before the first that was left out, and at the last; absent when none of them was in the log. */
  readonly from?: Cursor;
  readonly to?: Cursor;
}

/** What a connection that lags has still to be sent: references to shared bytes, within bounds. */
export class DeliveryQueue {
  readonly #bounds: QueueBounds;
  #chunks: Chunk[] = [];
  #deliveries = 0;
  #bytes = 0;
  #dropped = 0;
  #missed: Missed | undefined;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** How many deliveries were left out so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Whether it was taken, or left out as it may be; `false` when it would pass a bound. An empty queue takes anything
   * once.
   */
  push(chunk: Chunk, inAnyCase = false): boolean {
    if (!inAnyCase) this.#makeRoom(chunk);
    if (inAnyCase || !this.#isOver(chunk)) {
      this.#chunks.push(chunk);
      this.#count(chunk, 1);
      return true;
    }
    const isOldest = chunk.loss !== undefined && chunk.loss.kind === undefined;
    if (isOldest) this.#miss(chunk);
    return isOldest;
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#count(chunk, -1);
    return chunk;
  }

  /** What was left out, once there is room for half as much as the bounds allow; it then begins anew. */
  takeMissed(): Missed | undefined {
    const { maxDeliveries, maxBytes } = this.#bounds;
    if (this.#deliveries * 2 > maxDeliveries || this.#bytes * 2 > maxBytes) return undefined;
    const missed = this.#missed;
    this.#missed = undefined;
    return missed;
  }

  #isOver({ deliveries, bytes }: Chunk): boolean {
    if (this.isEmpty) return false;
    const { maxDeliveries, maxBytes } = this.#bounds;
    return this.#deliveries + deliveries > maxDeliveries || this.#bytes + bytes.length > maxBytes;
  }

  #makeRoom(chunk: Chunk): void {
    if (this.#isOver(chunk)) this.#dropOvertaken(chunk);
    while (this.#isOver(chunk) && this.#dropOldest());
  }

  /** Of each kind the latest stays, in its own place. */
  #dropOvertaken(next: Chunk): void {
    const seen = new Set([next.loss?.kind]);
    const kept: Chunk[] = [];
    for (const chunk of this.#chunks.toReversed()) {
      const kind = chunk.loss?.kind;
      if (kind !== undefined && seen.has(kind)) this.#drop(chunk);
      else kept.push(chunk);
      seen.add(kind);
    }
    this.#chunks = kept.toReversed();
  }

  /** Whether there was one that may be left out as the oldest. */
  #dropOldest(): boolean {
    const index = this.#chunks.findIndex(({ loss }) => loss !== undefined && loss.kind === undefined);
    const [oldest] = index < 0 ? [] : this.#chunks.splice(index, 1);
    if (oldest !== undefined) this.#drop(oldest);
    return oldest !== undefined;
  }

  #drop(chunk: Chunk): void {
    this.#count(chunk, -1);
    this.#miss(chunk);
  }

  #count({ deliveries, bytes }: Chunk, sign: 1 | -1): void {
    this.#deliveries += sign * deliveries;
    this.#bytes += sign * bytes.length;
  }

  #miss({ deliveries, loss }: Chunk): void {
    const { dropped, from = loss?.previous, to = loss?.id } = this.#missed ?? { dropped: 0 };
    const first = loss?.previous !== undefined && isBefore(loss.previous, from) ? loss.previous : from;
    const last = loss?.id !== undefined && isBefore(to, loss.id) ? loss.id : to;
    this.#dropped += deliveries;
    this.#missed = {
      dropped: dropped + deliveries,
      ...(first !== undefined && { from: first }),
      ...(last !== undefined && { to: last }),
    };
  }
}

function isBefore(a: Cursor | undefined, b: Cursor | undefined): boolean {
  return a !== undefined && b !== undefined && compareCursors(a, b) < 0;
}
