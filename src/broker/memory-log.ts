import type { Clock } from '../model/clock.ts';
import {
  compareCursors,
  cursorIn,
  cursorMs,
  endOf,
  sequenceOf,
  startOf,
  type Cursor,
} from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { bound } from '../model/bound.ts';
import type { EventPage, LogBounds } from './broker.ts';

const PAGE = bound('events of one read of the past', 500, 'entries', 'the others are read next');

export type Logged = HubEvent & { readonly id: Cursor };

/** The log of one shard in the memory of this process. */
export class MemoryLog {
  readonly #shard: number;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #bounds: LogBounds;
  /** Entries before `#head` are trimmed; their memory is freed once they are the larger half of the array. */
  #log: Logged[] = [];
  #head = 0;
  #bytes = 0;
  #last: Cursor;

  constructor(shard: number, clock: Pick<Clock, 'now'>, bounds: LogBounds) {
    this.#shard = shard;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#last = startOf(shard);
  }

  /** The id of the last event that was appended. */
  get last(): Cursor {
    return this.#last;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(event: HubEvent): Logged {
    const entry = { ...event, id: this.#nextId(), previous: this.#last };
    this.#last = entry.id;
    this.#bytes += event.size;
    this.#log.push(entry);
    return entry;
  }

  /** The events of a page are in memory already, so a page needs no bound in bytes. */
  page(after: Cursor, until?: Cursor): EventPage {
    this.trim();
    const from = this.#indexAfter(after);
    const to = Math.max(from, this.#indexAfter(until ?? endOf(this.#shard)));
    const events = this.#log.slice(from, Math.min(to, from + PAGE));
    const isLast = from + events.length === to;
    return { events, to: isLast && until !== undefined ? until : (events.at(-1)?.id ?? after), isLast };
  }

  *before(cursor: Cursor): Generator<HubEvent> {
    let page: readonly Logged[];
    do {
      this.trim();
      const end = this.#indexAfter(cursor);
      const to = this.#log[end - 1]?.id === cursor ? end - 1 : end;
      page = this.#log.slice(Math.max(this.#head, to - PAGE), Math.max(this.#head, to)).toReversed();
      yield* page;
      cursor = page.at(-1)?.id ?? cursor;
    } while (page.length === PAGE);
  }

  trim(): void {
    const oldest = `${Math.max(0, this.#clock.now() - this.#bounds.maxAgeMs)}-0`;
    const { maxEvents, maxBytes } = this.#bounds;
    for (let entry = this.#log[this.#head]; entry !== undefined; entry = this.#log[this.#head]) {
      const held = this.#log.length - this.#head;
      const isFull = held > maxEvents || (this.#bytes > maxBytes && held > 1);
      if (!isFull && compareCursors(entry.id, oldest) >= 0) break;
      this.#bytes -= entry.size;
      this.#head++;
    }
    if (this.#head * 2 <= this.#log.length) return;
    this.#log = this.#log.slice(this.#head);
    this.#head = 0;
  }

  /** It is higher than the last one even when the clock was set back. */
  #nextId(): Cursor {
    const now = this.#clock.now();
    const lastMs = cursorMs(this.#last);
    const entry = now > lastMs ? `${now}-0` : `${lastMs}-${sequenceOf(this.#last) + 1}`;
    return cursorIn(this.#shard, entry);
  }

  /** The index of the first entry after the cursor, found by bisection. */
  #indexAfter(cursor: Cursor): number {
    let [low, high] = [this.#head, this.#log.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#log[middle];
      if (entry !== undefined && compareCursors(entry.id, cursor) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
