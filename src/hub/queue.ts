import { bound } from '../model/bound.ts';
import { compareCursors, type Cursor } from '../model/cursor.ts';
import type { BurstBudget } from './burst-budget.ts';
import type { Chunk } from './frame.ts';

export interface QueueBounds {
  readonly maxDeliveries: number;
  readonly maxBytes: number;
}

const FLUSH_FACTOR = bound(
  'what a flush leaves waiting for a connection that kept up until then, in queues of queueMaxBytes',
  8,
  'entries',
  'the connection is closed with 4008, or what its policy names is left out',
);

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
  /** What was taken beyond the bounds. */
  #allowed: Set<Chunk> | undefined;
  readonly #burstBudget: BurstBudget;
  #dropped = 0;
  #missed: Missed | undefined;

  constructor(bounds: QueueBounds, burstBudget: BurstBudget) {
    this.#bounds = bounds;
    this.#burstBudget = burstBudget;
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
  push(chunk: Chunk): boolean {
    this.#makeRoom(chunk);
    if (!this.#isOver(chunk)) {
      this.#chunks.push(chunk);
      this.#count(chunk, 1);
      return true;
    }
    const isOldest = chunk.droppable !== undefined && chunk.droppable.kind === undefined;
    if (isOldest) this.#miss(chunk);
    return isOldest;
  }

  /**
   * Whether all of a flush was taken, or else nothing of it: more than the bounds say, as far as the burst budget of the node allows it.
   * Of an empty queue.
   */
  pushFlush(chunks: readonly Chunk[]): boolean {
    for (const chunk of chunks) {
      if (!this.#isAllowed(chunk)) {
        this.clear();
        return false;
      }
      this.#chunks.push(chunk);
      this.#count(chunk, 1);
    }
    return true;
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#remove(chunk);
    return chunk;
  }

  /** Nothing of it is wanted any more. */
  clear(): void {
    for (const chunk of this.#chunks.splice(0)) this.#remove(chunk);
  }

  /** What was left out, once there is room for half as much as the bounds allow; it then begins anew. */
  takeMissed(): Missed | undefined {
    const { maxDeliveries, maxBytes } = this.#bounds;
    if (this.#deliveries * 2 > maxDeliveries || this.#bytes * 2 > maxBytes) return undefined;
    const missed = this.#missed;
    this.#missed = undefined;
    return missed;
  }

  #isAllowed(chunk: Chunk): boolean {
    const { maxBytes } = this.#bounds;
    const bytes = this.#bytes + chunk.bytes.length;
    if (this.isEmpty || bytes <= maxBytes) return true;
    if (bytes > maxBytes * FLUSH_FACTOR || !this.#burstBudget.take(chunk)) return false;
    (this.#allowed ??= new Set()).add(chunk);
    return true;
  }

  #isOver({ deliveries, bytes }: Chunk): boolean {
    if (this.isEmpty) return false;
    const { maxDeliveries, maxBytes } = this.#bounds;
    return this.#deliveries + deliveries > maxDeliveries || this.#bytes + bytes.length > maxBytes;
  }

  #makeRoom(chunk: Chunk): void {
    if (this.#isOver(chunk)) this.#dropConflated(chunk);
    while (this.#isOver(chunk) && this.#dropOldest());
  }

  /** Of each kind the latest stays, in its own place. */
  #dropConflated(next: Chunk): void {
    const seen = new Set([next.droppable?.kind]);
    const kept: Chunk[] = [];
    for (const chunk of this.#chunks.toReversed()) {
      const kind = chunk.droppable?.kind;
      if (kind !== undefined && seen.has(kind)) this.#drop(chunk);
      else kept.push(chunk);
      seen.add(kind);
    }
    this.#chunks = kept.toReversed();
  }

  /** Whether there was one that may be left out as the oldest. */
  #dropOldest(): boolean {
    const index = this.#chunks.findIndex(
      ({ droppable }) => droppable !== undefined && droppable.kind === undefined,
    );
    const [oldest] = index < 0 ? [] : this.#chunks.splice(index, 1);
    if (oldest !== undefined) this.#drop(oldest);
    return oldest !== undefined;
  }

  #drop(chunk: Chunk): void {
    this.#remove(chunk);
    this.#miss(chunk);
  }

  #remove(chunk: Chunk): void {
    this.#count(chunk, -1);
    if (this.#allowed?.delete(chunk) === true) this.#burstBudget.giveBack(chunk);
  }

  #count({ deliveries, bytes }: Chunk, sign: 1 | -1): void {
    this.#deliveries += sign * deliveries;
    this.#bytes += sign * bytes.length;
  }

  #miss({ deliveries, droppable }: Chunk): void {
    const { dropped, from = droppable?.previous, to = droppable?.id } = this.#missed ?? { dropped: 0 };
    const first =
      droppable?.previous !== undefined && isBefore(droppable.previous, from) ? droppable.previous : from;
    const last = droppable?.id !== undefined && isBefore(to, droppable.id) ? droppable.id : to;
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
