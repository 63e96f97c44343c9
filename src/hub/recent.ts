import { bound } from '../model/bound.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { heldBytes } from './encoded.ts';

/** Enough for a reconnect after a blip at any usual rate, and little beside the connections themselves. */
const MAX_BYTES = bound(
  'bytes of the latest events that a node keeps',
  32 * 1024 * 1024,
  'bytes',
  'the oldest are read from the log when somebody comes back after them',
);

/**
 * The last events of the log that this node has delivered, without a gap. Replays end in it, synchronously, so that
 * nothing comes between the last event replayed and the first one live; and a storm of reconnects does not reach Redis.
 */
export class Recent {
  readonly #maxEvents: number;
  #events: (HubEvent | undefined)[] = [];
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

  push(event: HubEvent): void {
    const { id, previous } = event;
    if (id === undefined) return;
    if (previous !== this.#position) this.startAt(previous ?? id);
    this.#events.push(event);
    this.#bytes += heldBytes(event);
    this.#position = id;
    while (this.#length > this.#maxEvents || (this.#bytes > MAX_BYTES && this.#length > 1)) {
      const oldest = this.#events[this.#head];
      if (oldest !== undefined) this.#bytes -= heldBytes(oldest);
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
    const start = this.#events[this.#head]?.previous;
    if (start === undefined || compareCursors(cursor, this.#position) > 0) return false;
    return compareCursors(start, cursor) <= 0;
  }

  /**
   * The place itself where it stands in the log, as far as can be told from what is kept; else the last one before it.
   * Of a place that is covered.
   */
  positionOf(cursor: Cursor): Cursor {
    if (cursor === this.#position) return cursor;
    return this.#events[this.#indexAfter(cursor)]?.previous ?? START;
  }

  /** The events after a place that is covered, oldest first, at most so many. */
  after(cursor: Cursor, count = Number.POSITIVE_INFINITY): HubEvent[] {
    const from = this.#indexAfter(cursor);
    return this.#events.slice(from, from + count) as HubEvent[];
  }

  #indexAfter(cursor: Cursor): number {
    return indexAfter(this.#events, cursor, this.#head);
  }

  get #length(): number {
    return this.#events.length - this.#head;
  }
}

/** Of events in the order of the log, the index of the first one after a place; their number when there is none. */
export function indexAfter(events: readonly (HubEvent | undefined)[], cursor: Cursor, from = 0): number {
  let low = from;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCursors(events[middle]?.id ?? START, cursor) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
