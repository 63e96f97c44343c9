import type { History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { START, type Cursor } from '../model/cursor.ts';
import { EncodingCache } from './encoding-cache.ts';
import { LogCache } from './log-cache.ts';
import type { Stats } from './stats.ts';

interface EventLogOptions {
  readonly history: History;
  /** Bytes of memory that events of the log take on this node at most. */
  readonly logCacheMaxBytes: number;
  readonly clock: Clock;
  readonly stats: Stats;
}

/**
 * The log of events as this node sees it: how far it has delivered it, what it keeps of it, and where it reads the
 * rest.
 */
export class EventLog {
  /** The whole log, as the broker reads it. */
  readonly history: History;
  /** The part of the log that the node holds in memory. */
  readonly cache: LogCache;
  /** The texts and frames of past events, shared by all connections that come back at the same time. */
  readonly encodings: EncodingCache;
  #position: Cursor = START;

  constructor({ history, logCacheMaxBytes, clock, stats }: EventLogOptions) {
    this.history = history;
    this.cache = new LogCache({ history, clock, maxBytes: logCacheMaxBytes });
    this.encodings = new EncodingCache(stats, clock);
  }

  /**
   * The last event of the log that this node has delivered. Connections keep the text for as long as they last, so it is
   * a copy: the id of an event may be a part of the message that brought it, and would keep the whole of it.
   */
  get position(): Cursor {
    const { to } = this.cache.recent;
    if (to !== this.#position) this.#position = Buffer.from(to).toString();
    return this.#position;
  }
}
