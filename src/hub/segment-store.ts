import type { EventPage } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import { IdleTimer } from './idle-timer.ts';
import { indexAfter, Segment } from './segment.ts';

/** Reads what comes after a position. */
export type ReadPage = (after: Cursor) => Promise<EventPage>;

interface Counted {
  readonly stream: string;
  readonly bytes: number;
}

/**
 * Segments of several streams. The segments that were used longest ago are forgotten first, and all of them are once none
 * was used for a time.
 */
export class SegmentStore {
  /** The segments of each stream, in the order of their positions. */
  readonly #streams = new Map<string, readonly Segment[]>();
  /** All of them, in the order of their use. */
  readonly #used = new Map<Segment, Counted>();
  readonly #reading = new Map<string, Promise<Segment>>();
  readonly #idleTimer: IdleTimer;
  #bytes = 0;

  constructor(clock: Pick<Clock, 'after' | 'elapsed'>, keptMs: number) {
    this.#idleTimer = new IdleTimer(clock, keptMs, () => this.clear());
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The last segment of a stream that begins at a position or before it. */
  find(stream: string, at: Cursor): Segment | undefined {
    const segments = this.#streams.get(stream) ?? [];
    return segments[indexAfter(segments, at, ({ from }) => from) - 1];
  }

  /** Reads a page. Readers that want the same one at the same time share it. */
  read(stream: string, from: Cursor, read: ReadPage): Promise<Segment> {
    const key = `${from} ${stream}`;
    const begun = this.#reading.get(key);
    if (begun !== undefined) return begun;
    // A page of which the reading began before everything was forgotten goes to its readers, and is not kept.
    const isWanted = (): boolean => this.#reading.get(key) === reading;
    const reading = read(from)
      .then((page) => {
        const segment = new Segment(from, page);
        if (segment.length > 0 && isWanted()) this.add(stream, segment);
        return segment;
      })
      .finally(() => isWanted() && this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  /** The segment takes the place of another that begins at the same position. */
  add(stream: string, segment: Segment): void {
    const before = this.find(stream, segment.from);
    if (before?.from === segment.from) this.delete(before);
    const segments = this.#streams.get(stream) ?? [];
    const index = indexAfter(segments, segment.from, ({ from }) => from);
    this.#streams.set(stream, segments.toSpliced(index, 0, segment));
    this.#count(segment, stream);
  }

  /** The segment was used, and may have grown. One that was forgotten meanwhile stays forgotten. */
  use(segment: Segment): void {
    const counted = this.#used.get(segment);
    if (counted === undefined) return;
    this.#uncount(segment, counted);
    this.#count(segment, counted.stream);
  }

  delete(segment: Segment): void {
    const counted = this.#used.get(segment);
    if (counted === undefined) return;
    this.#uncount(segment, counted);
    const left = this.#streams.get(counted.stream)?.filter((other) => other !== segment) ?? [];
    if (left.length === 0) this.#streams.delete(counted.stream);
    else this.#streams.set(counted.stream, left);
  }

  /** Forgets what was used longest ago, until the others take at most this many bytes. */
  shrinkTo(maxBytes: number): void {
    if (this.#bytes <= maxBytes) return;
    for (const segment of this.#used.keys()) {
      this.delete(segment);
      if (this.#bytes <= maxBytes) return;
    }
  }

  clear(): void {
    this.#streams.clear();
    this.#used.clear();
    this.#reading.clear();
    this.#bytes = 0;
  }

  #count(segment: Segment, stream: string): void {
    this.#idleTimer.used();
    const { bytes } = segment;
    this.#used.set(segment, { stream, bytes });
    this.#bytes += bytes;
  }

  #uncount(segment: Segment, { bytes }: Counted): void {
    this.#used.delete(segment);
    this.#bytes -= bytes;
  }
}
