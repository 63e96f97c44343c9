import type { EventPage } from '../broker/broker.ts';
import { compareCursors, shardOfCursor, START, startOf, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { heldBytes } from './encoded-event.ts';
import { isPackable, PackedEvents } from './packed-events.ts';
import type { TopicHash } from './topic-hash.ts';

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
  /** Each place of a packed event holds the block that it is in. */
  #events: (HubEvent | PackedEvents | undefined)[];
  /** How many places were cut off before the first one. */
  #cutOff = 0;
  /** The block to which the next packed event is added. */
  #block: PackedEvents | undefined;
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
    this.#cutOff = 0;
    this.#block = undefined;
    this.#bytes = SEGMENT_BYTES;
    this.#from = position;
    this.#to = position;
  }

  /** Adds the next event of the stream, which follows the last one in the log, as bytes where that is possible. */
  pack(event: HubEvent): void {
    if (!isPackable(event)) return this.push(event);
    const place = this.#placeOf(this.#events.length);
    let block = this.#block;
    if (block?.add(event, place) !== true) {
      this.#block = block = new PackedEvents(place);
      block.add(event, place);
    }
    this.#events.push(block);
    this.#bytes += block.heldBytesAt(place);
    this.#to = event.id ?? this.#to;
  }

  /** Adds the next event of the stream. */
  push(event: HubEvent): void {
    this.#block?.skip();
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
    return compareCursors(this.#id(this.#events.length - 1), cursor) > 0;
  }

  /**
   * The position itself if it is in the log, as far as a segment that covers it can tell, or else the last position
   * before it.
   */
  positionOf(cursor: Cursor): Cursor {
    if (cursor === this.#to) return cursor;
    const index = this.#indexAfter(cursor);
    const at = this.#events[index];
    return (
      (at instanceof PackedEvents ? this.#previous(index) : at?.previous) ?? startOf(shardOfCursor(cursor))
    );
  }

  /**
   * At most this many events after a position that the segment covers, oldest first. Where `topics` are given, events of
   * others may be left out.
   */
  after(
    cursor: Cursor,
    count = Number.POSITIVE_INFINITY,
    topics?: readonly TopicHash[],
  ): readonly HubEvent[] {
    const events: HubEvent[] = [];
    let index = this.#indexAfter(cursor);
    while (index < this.#events.length && events.length < count) {
      const skipped = topics === undefined ? 0 : this.#skipped(index, topics);
      index += skipped;
      if (skipped > 0) continue;
      const event = this.#event(index++);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** At most this many of the last events, newest first. They are not kept as objects, since nobody may ask for them again. */
  *latest(count: number): Generator<HubEvent, void> {
    const end = Math.max(this.#head, this.#events.length - count);
    for (let index = this.#events.length - 1; index >= end; index--) {
      const at = this.#events[index];
      const event = at instanceof PackedEvents ? at.readAt(this.#placeOf(index), this.#previous(index)) : at;
      if (event !== undefined) yield event;
    }
  }

  /** How many places to go on from one that holds a packed event of another topic. */
  #skipped(index: number, topics: readonly TopicHash[]): number {
    const at = this.#events[index];
    const place = this.#placeOf(index);
    return at instanceof PackedEvents ? at.next(topics, place) - place : 0;
  }

  #event(index: number): HubEvent | undefined {
    const at = this.#events[index];
    if (!(at instanceof PackedEvents)) return at;
    const place = this.#placeOf(index);
    const bytes = at.heldBytesAt(place);
    const event = at.eventAt(place, this.#previous(index));
    this.#bytes += at.heldBytesAt(place) - bytes;
    return event;
  }

  /** The position before a packed event, which follows the event before it. */
  #previous(index: number): Cursor {
    return index > this.#head ? this.#id(index - 1) : this.#from;
  }

  #id(index: number): Cursor {
    const at = this.#events[index];
    return (at instanceof PackedEvents ? at.idAt(this.#placeOf(index)) : at?.id) ?? START;
  }

  #placeOf(index: number): number {
    return this.#cutOff + index;
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head];
    if (oldest === undefined) return;
    const isPacked = oldest instanceof PackedEvents;
    this.#bytes -= isPacked ? oldest.heldBytesAt(this.#placeOf(this.#head)) : heldBytes(oldest);
    this.#from = isPacked ? this.#id(this.#head) : (oldest.id ?? this.#from);
    this.#events[this.#head++] = undefined;
    if (this.#head <= this.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#cutOff += this.#head;
    this.#head = 0;
  }

  #indexAfter(cursor: Cursor): number {
    return indexAfter(this.#events, cursor, (_, index) => this.#id(index), this.#head);
  }
}

/** In a list in the order of the log, the index of the first event after a position, or the length if there is none. */
export function indexAfter<T>(
  list: readonly T[],
  cursor: Cursor,
  cursorOf: (of: T, index: number) => Cursor,
  from = 0,
): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCursors(cursorOf(list[middle] as T, middle), cursor) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
