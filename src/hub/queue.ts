import { bound } from '../model/bound.ts';
import { earlierOf, laterOf, type Position } from '../model/position.ts';
import { SLOW_POLICIES } from '../model/slow-policies/index.ts';
import type { SlowPolicy } from '../model/slow-policies/slow-policy.ts';
import type { BurstBudget } from './burst-budget.ts';
import type { Chunk } from './frame.ts';

export interface QueueBounds {
  readonly maxDeliveries: number;
  readonly maxBytes: number;
}

const FLUSH_FACTOR = bound(
  'bytes of one flush that may wait for a connection that kept up until then, in queues of queueMaxBytes',
  8,
  'entries',
  'the connection is closed with 4008, or what its policy names is left out',
);

const POLICIES: readonly SlowPolicy[] = Object.values(SLOW_POLICIES);

/** What was left out of a queue since its client was last told about it. */
export interface Missed {
  readonly dropped: number;
  /**
   * The positions before the first event that was left out, and of the last one. They are absent when none of them was
   * in the log.
   */
  readonly from?: Position;
  readonly to?: Position;
}

/** The chunks that a slow consumer must still be sent: references to shared bytes, within bounds. */
export class DeliveryQueue {
  readonly #bounds: QueueBounds;
  #chunks: Chunk[] = [];
  #deliveries = 0;
  #bytes = 0;
  /** The chunks that were accepted beyond the bounds. */
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
   * Whether the chunk was accepted, or left out by its policy. `false` when it would exceed a bound. An empty queue
   * accepts any chunk.
   */
  push(chunk: Chunk): boolean {
    if (this.#isOver(chunk) && this.#leaveOut(chunk)) return true;
    if (this.#isOver(chunk)) return false;
    this.#chunks.push(chunk);
    this.#count(chunk, 1);
    return true;
  }

  /**
   * Whether a whole flush was accepted; if not, none of it was. An empty queue accepts more than its bounds permit, as
   * far as the burst budget of the node goes.
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

  /** Drops everything, since nobody needs it any more. */
  clear(): void {
    for (const chunk of this.#chunks.splice(0)) this.#remove(chunk);
  }

  /** What was left out since the last call, once the queue is half empty, and nothing until then. */
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

  /** Makes room for the next chunk as far as the policies can. Returns whether they left out that chunk itself. */
  #leaveOut(next: Chunk): boolean {
    for (const policy of POLICIES) {
      while (this.#isOver(next)) {
        const leftOut = policy.leaveOut(this.#chunks, next);
        if (leftOut.length === 0) break;
        for (const chunk of leftOut) {
          this.#miss(chunk);
          if (chunk === next) return true;
          this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
          this.#remove(chunk);
        }
      }
    }
    return false;
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
    const { before, after } = droppable ?? {};
    const { dropped, from = before, to = after } = this.#missed ?? { dropped: 0 };
    this.#dropped += deliveries;
    this.#missed = {
      dropped: dropped + deliveries,
      ...(from !== undefined && { from: before === undefined ? from : earlierOf(from, before) }),
      ...(to !== undefined && { to: after === undefined ? to : laterOf(to, after) }),
    };
  }
}
