import type { EventPage } from '../broker/broker.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { heldBytes } from './encoded-event.ts';

/** The memory of a segment without events. */
const SEGMENT_BYTES = 1_024;

/**
 * All events of a stream between two positions, oldest first. The stream is the log, a tail, or what some subscriptions
 * admit of the log. A segment may grow at its end, and is then cut at its beginning.
 */
export class Segment {
  /** Nothing came after it when it was read. */
  readonly isLast: boolean;
  #from: Cursor;
  #to: Cursor;
  #events: (HubEvent | undefined)[];
  /** Index of the oldest event. The empty places before it are cut off once they are more than the events. */
  #head = 0;
  #bytes = SEGMENT_BYTES;

  constructor(from: Cursor, page: EventPage = { events: [], to: from, isLast: true }) {
    this.isLast = page.isLast;
    this.#from = from;
    this.#to = page.to;
    this.#events = [...page.events];
    for (const event of page.events) this.#bytes += heldBytes(event);
  }

  /** All events are after this position. */
  get from(): Cursor {
    return this.#from;
  }

  /** No event is after this position. */
  get to(): Cursor {
    return this.#to;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#events.length - this.#head;
  }

  /** Begins again without events, at a position that has no connection to the events before. */
  beginAt(position: Cursor): void {
    this.#events = [];
    this.#head = 0;
    this.#bytes = SEGMENT_BYTES;
    this.#from = position;
    this.#to = position;
  }

  /** Adds the next event of the stream. */
  push(event: HubEvent): void {
    this.#events.push(event);
    this.#bytes += heldBytes(event);
    this.#to = event.id ?? this.#to;
  }

  /** Notes that the stream has nothing more up to this position. */
  extendTo(to: Cursor): void {
    this.#to = to;
  }

  /**
   * Drops the oldest events until the others are within these bounds. The last one stays however large it is, unless
   * nothing may be kept at all.
   */
  cut(maxBytes: number, maxEvents = Number.POSITIVE_INFINITY): void {
    const least = maxBytes > 0 ? 1 : 0;
    while (this.length > maxEvents || (this.#bytes > maxBytes && this.length > least)) this.#dropOldest();
  }

  /** Drops the events up to a position. */
  cutTo(from: Cursor): void {
    for (let count = this.#indexAfter(from) - this.#head; count > 0; count--) this.#dropOldest();
    if (compareCursors(from, this.#from) > 0) this.#from = from;
  }

  /** Whether {@link after} gives everything since that position. */
  covers(cursor: Cursor): boolean {
    if (cursor === this.#to) return true;
    return compareCursors(this.#from, cursor) <= 0 && compareCursors(cursor, this.#to) <= 0;
  }

  /** Whether there is an event after this position. */
  reaches(cursor: Cursor): boolean {
    return compareCursors(this.#events.at(-1)?.id ?? START, cursor) > 0;
  }

  /**
   * The position itself if it is in the log, as far as a segment that covers it can tell, or else the last position
   * before it.
   */
  positionOf(cursor: Cursor): Cursor {
    if (cursor === this.#to) return cursor;
    return this.#events[this.#indexAfter(cursor)]?.previous ?? START;
  }

  /** At most this many events after a position that the segment covers, oldest first. */
  after(cursor: Cursor, count = Number.POSITIVE_INFINITY): HubEvent[] {
    const from = this.#indexAfter(cursor);
    return this.#events.slice(from, from + count) as HubEvent[];
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head];
    if (oldest === undefined) return;
    this.#bytes -= heldBytes(oldest);
    this.#from = oldest.id ?? this.#from;
    this.#events[this.#head++] = undefined;
    if (this.#head <= this.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }

  #indexAfter(cursor: Cursor): number {
    return indexAfter(this.#events, cursor, (event) => event?.id ?? START, this.#head);
  }
}

/** In a list in the order of the log, the index of the first event after a position, or the length if there is none. */
export function indexAfter<T>(
  list: readonly T[],
  cursor: Cursor,
  cursorOf: (of: T) => Cursor,
  from = 0,
): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCursors(cursorOf(list[middle] as T), cursor) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
