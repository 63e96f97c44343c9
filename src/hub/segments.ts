import type { EventPage } from '../broker/broker.ts';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import { Disuse } from './disuse.ts';
import { heldBytes } from './encoded.ts';

const MAX_BYTES = bound(
  'bytes of the past that a node keeps for those who read it at the same time',
  32 * 1024 * 1024,
  'bytes',
  'what was read longest ago is forgotten, and read again for who needs it',
);
const KEPT_MS = bound(
  'time for which the past is kept after somebody read it',
  30_000,
  'ms',
  'it is forgotten, and read again for who needs it',
);
/** So many pages are read for one place at most, before the one that it begins with is read. */
const MAX_STEPS = 8;
/** Of a segment, whatever it holds. */
const SEGMENT_BYTES = 1_024;

/** Reads what comes after a place. */
export type ReadPage = (after: Cursor) => Promise<EventPage>;

interface Segment {
  readonly of: string;
  readonly from: Cursor;
  readonly page: EventPage;
  readonly bytes: number;
}

/**
 * Pages of the log and of tails, read once for all who read them at about the same time. Nobody waits for what somebody
 * else reads, but where it is the very page that is wanted; and who is slow holds nothing of it meanwhile.
 */
export class Segments {
  readonly #disuse: Disuse;
  /** In the order of their places, by what they are of. */
  readonly #segments = new Map<string, Segment[]>();
  /** In the order of their use. */
  readonly #used = new Set<Segment>();
  readonly #reading = new Map<string, Promise<EventPage>>();
  #bytes = 0;

  constructor(clock: Pick<Clock, 'after' | 'elapsed'>) {
    this.#disuse = new Disuse(clock, KEPT_MS, () => this.forget());
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A page that holds what comes after a place, and perhaps what came before it. Where `begin` is given, pages are read
   * from there on, so that those who ask for places near each other read the same ones.
   */
  async after(of: string, at: Cursor, read: ReadPage, begin = at): Promise<EventPage> {
    this.#disuse.used();
    for (let step = 1; ; step++) {
      const before = this.#segments.get(of)?.findLast(({ from }) => compareCursors(from, at) <= 0);
      if (before !== undefined && reaches(before.page, at)) return this.#use(before);
      const from = step > MAX_STEPS ? at : later(begin, before?.page.events.at(-1)?.id);
      const page = await this.#read(of, from, read);
      if (from === at || page.isLast || reaches(page, at)) return page;
    }
  }

  #use(segment: Segment): EventPage {
    this.#used.delete(segment);
    this.#used.add(segment);
    return segment.page;
  }

  /** Nothing of it is true any more. */
  forget(): void {
    for (const segment of this.#used) this.#drop(segment);
  }

  /** Once for all who want the same at the same time. */
  #read(of: string, from: Cursor, read: ReadPage): Promise<EventPage> {
    const key = `${from} ${of}`;
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = read(from)
        .then((page) => {
          if (page.events.length > 0) this.#keep({ of, from, page, bytes: bytesOf(page) });
          return page;
        })
        .finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  #keep(segment: Segment): void {
    const { of, from, bytes } = segment;
    const others = (this.#segments.get(of) ?? []).filter((other) => {
      if (other.from !== from) return true;
      this.#forgetBytes(other);
      return false;
    });
    const at = others.findLastIndex((other) => compareCursors(other.from, from) < 0);
    this.#segments.set(of, others.toSpliced(at + 1, 0, segment));
    this.#disuse.used();
    this.#used.add(segment);
    this.#bytes += bytes;
    for (const oldest of this.#used) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(segment: Segment): void {
    this.#forgetBytes(segment);
    const left = this.#segments.get(segment.of)?.filter((other) => other !== segment) ?? [];
    if (left.length === 0) this.#segments.delete(segment.of);
    else this.#segments.set(segment.of, left);
  }

  #forgetBytes(segment: Segment): void {
    if (this.#used.delete(segment)) this.#bytes -= segment.bytes;
  }
}

/** Whether it has an event after the place. */
function reaches({ events }: EventPage, at: Cursor): boolean {
  return compareCursors(events.at(-1)?.id ?? START, at) > 0;
}

function later(a: Cursor, b: Cursor | undefined): Cursor {
  return b !== undefined && compareCursors(b, a) > 0 ? b : a;
}

function bytesOf({ events }: EventPage): number {
  return events.reduce((sum, event) => sum + heldBytes(event), SEGMENT_BYTES);
}
