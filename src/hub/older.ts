import type { EventPage, History, RetainedPages, RetainedQuery } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, cursorAt, cursorMs, type Cursor } from '../model/cursor.ts';
import type { Recent } from './recent.ts';
import { Segments } from './segments.ts';

/** Who comes back in the same storm left a little earlier or later: all of one second begin with the same page. */
const TOGETHER_MS = 1_000;

interface Sources {
  readonly history: Pick<History, 'page' | 'retained' | 'tail'>;
  readonly recent: Pick<Recent, 'position'>;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
}

/**
 * What the log holds from before the recent events of this node, and what the retention rules keep, for all who come back
 * to it: a storm of them reads each page once, and not once each. Each read rejects when it cannot be done.
 */
export class Older {
  readonly #sources: Sources;
  readonly #segments: Segments;
  /** How far the node had come when somebody asked last. */
  #position: Cursor;
  readonly #asked = new Map<string, Promise<RetainedPages>>();

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#segments = new Segments(sources.clock);
    this.#position = sources.recent.position;
  }

  /** A page of the log that holds what comes after a place, and perhaps what came before; `first` of those that one reads. */
  after(at: Cursor, first: boolean): Promise<EventPage> {
    this.#forgetLost();
    const begin = first ? cursorAt(Math.floor(cursorMs(at) / TOGETHER_MS) * TOGETHER_MS) : at;
    return this.#segments.after('log', at, (from) => this.#sources.history.page(from), begin);
  }

  /** What is kept of some queries; asked once for all who ask it at the same time. */
  retained(queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    const key = JSON.stringify(queries);
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#sources.history.retained(queries).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  /** More of one query, after the end of a page and up to where the log ended then; perhaps also what came before or after. */
  tail(query: RetainedQuery, at: Cursor, until: Cursor): Promise<EventPage> {
    this.#forgetLost();
    const { type, action, key } = query;
    const of = JSON.stringify([type, action, key]);
    return this.#segments.after(of, at, (from) => this.#sources.history.tail(query, from, until));
  }

  /** Of a log that began anew nothing that was read before is true. */
  #forgetLost(): void {
    const { position } = this.#sources.recent;
    if (compareCursors(position, this.#position) < 0) this.#segments.forget();
    this.#position = position;
  }
}
