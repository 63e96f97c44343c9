import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { EncodedEvent } from './encoded.ts';

/** Enough for a reconnect after a blip at any usual rate, and little beside the connections themselves. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The last events of the log that this node has delivered, without a hole. Replays end in it, synchronously, so that
 * nothing comes between the last event replayed and the first one live; and a storm of reconnects does not reach Redis.
 */
export class Recent {
  readonly #maxEvents: number;
  #events: (EncodedEvent | undefined)[] = [];
  /** Index of the oldest that is kept; the empty places before it are cut off now and then, not at each event. */
  #head = 0;
  #bytes = 0;
  #position: Cursor = START;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** The last event of the log that this node has delivered. */
  get position(): Cursor {
    return this.#position;
  }

  /** Nothing before this place is kept, and nothing joins it to what comes next. */
  startAt(position: Cursor): void {
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#position = position;
  }

  push(encoded: EncodedEvent): void {
    const { id, previous, size } = encoded.event;
    if (id === undefined) return;
    if (previous !== this.#position) this.startAt(previous ?? id);
    this.#events.push(encoded);
    this.#bytes += size;
    this.#position = id;
    while (this.#length > this.#maxEvents || (this.#bytes > MAX_BYTES && this.#length > 1)) {
      this.#bytes -= this.#events[this.#head]?.event.size ?? 0;
      this.#events[this.#head++] = undefined;
    }
    if (this.#head > this.#maxEvents) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Whether {@link after} gives everything since that place. */
  covers(cursor: Cursor): boolean {
    if (cursor === this.#position) return true;
    const start = this.#events[this.#head]?.event.previous;
    if (start === undefined || compareCursors(cursor, this.#position) > 0) return false;
    return compareCursors(start, cursor) <= 0;
  }

  /**
   * The place itself where it stands in the log, as far as can be told from what is kept; else the last one before it.
   * Of a place that is covered.
   */
  placeOf(cursor: Cursor): Cursor {
    if (cursor === this.#position) return cursor;
    return this.#events[this.#indexAfter(cursor)]?.event.previous ?? START;
  }

  /** The events after a place that is covered, oldest first, at most so many. */
  after(cursor: Cursor, count = Number.POSITIVE_INFINITY): EncodedEvent[] {
    const from = this.#indexAfter(cursor);
    return this.#events.slice(from, from + count) as EncodedEvent[];
  }

  #indexAfter(cursor: Cursor): number {
    return indexAfter(this.#events, cursor, this.#head);
  }

  get #length(): number {
    return this.#events.length - this.#head;
  }
}

/** Of events in the order of the log, the index of the first one after a place; their number when there is none. */
export function indexAfter(events: readonly (EncodedEvent | undefined)[], cursor: Cursor, from = 0): number {
  let low = from;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCursors(events[middle]?.event.id ?? START, cursor) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
