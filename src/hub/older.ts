import type { History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import { EncodedEvent } from './encoded.ts';
import { indexAfter, type Recent } from './recent.ts';
import type { Stats } from './stats.ts';

/** Beyond either, each reads the log by itself. */
const MAX_EVENTS = 50_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** Who comes back in the same storm left a little earlier or later. */
const AROUND_MS = 10_000;
/** After so long without anybody asking it is forgotten. */
const KEPT_MS = 30_000;
/** Events handed out at once. */
const PAGE = 256;

interface Log {
  readonly history: Pick<History, 'after'>;
  readonly recent: Recent;
  readonly stats: Stats;
  readonly clock: Pick<Clock, 'after'>;
}

/** Events of the log without a hole: those after `from`, up to `to`. */
interface Stretch {
  readonly from: Cursor;
  to: Cursor;
  readonly events: EncodedEvent[];
  bytes: number;
}

/**
 * What the log holds from before the recent events of this node, for who comes back after them. It is read once for all
 * who come back together, and kept for a moment: so a storm of reconnects reads the log once, and not once each.
 */
export class Older {
  readonly #log: Log;
  #stretch: Stretch | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #keep = (): void => {};

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * The events after a place, oldest first, some at a time, up to where the recent ones go on or the log ends. Rejects
   * when the log cannot be read.
   */
  async *after(cursor: Cursor): AsyncGenerator<readonly EncodedEvent[], void> {
    const shared = this.#last.then(() => this.#shared(cursor));
    // Told to whoever asked; the next one tries anew.
    this.#last = shared.catch(() => undefined);
    const stretch = await shared;
    if (stretch === undefined) {
      yield* this.#alone(cursor);
      return;
    }
    const { events } = stretch;
    const end = events.length;
    for (let at = indexAfter(events, cursor); at < end; at += PAGE)
      yield events.slice(at, Math.min(at + PAGE, end));
  }

  /** A stretch that holds everything after the place; `undefined` when that is too much to keep. */
  async #shared(cursor: Cursor): Promise<Stretch | undefined> {
    const stretch = this.#holding(cursor) ?? this.#begin(cursor);
    this.#keep();
    this.#keep = this.#log.clock.after(KEPT_MS, () => (this.#stretch = undefined));
    if (await this.#readOn(stretch)) return stretch;
    this.#stretch = undefined;
    return undefined;
  }

  #holding(cursor: Cursor): Stretch | undefined {
    const stretch = this.#stretch;
    if (stretch === undefined || compareCursors(cursor, stretch.from) < 0) return undefined;
    // Beyond its end nothing is known; and of a log that began anew behind it, nothing is true.
    const { position } = this.#log.recent;
    if (compareCursors(cursor, stretch.to) > 0 || compareCursors(stretch.to, position) > 0) return undefined;
    return stretch;
  }

  #begin(cursor: Cursor): Stretch {
    const ms = Number(cursor.slice(0, cursor.indexOf('-'))) - AROUND_MS;
    const from = ms > 0 ? `${ms}-0` : START;
    return (this.#stretch = { from, to: from, events: [], bytes: 0 });
  }

  /** Returns whether all of it is kept. */
  async #readOn(stretch: Stretch): Promise<boolean> {
    const { history, recent, stats } = this.#log;
    if (recent.covers(stretch.to)) return true;
    for await (const event of history.after(stretch.to)) {
      const { id = START, size } = event;
      if (compareCursors(id, recent.position) > 0) break;
      stretch.events.push(new EncodedEvent(event, stats));
      stretch.to = id;
      stretch.bytes += size;
      if (stretch.events.length > MAX_EVENTS || stretch.bytes > MAX_BYTES) return false;
      if (recent.covers(id)) break;
    }
    return true;
  }

  async *#alone(cursor: Cursor): AsyncGenerator<readonly EncodedEvent[], void> {
    const { history, recent, stats } = this.#log;
    for await (const event of history.after(cursor)) {
      if (compareCursors(event.id ?? START, recent.position) > 0) return;
      yield [new EncodedEvent(event, stats)];
      if (recent.covers(event.id ?? START)) return;
    }
  }
}
