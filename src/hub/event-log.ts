import type { History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import { EncodingCache } from './encoding-cache.ts';
import { LogCache, type LogCacheBounds } from './log-cache.ts';
import type { Stats } from './stats.ts';

interface EventLogOptions {
  readonly history: History;
  readonly logCache: LogCacheBounds;
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

  constructor({ history, logCache, clock, stats }: EventLogOptions) {
    this.history = history;
    this.cache = new LogCache({ history, clock, bounds: logCache });
    this.encodings = new EncodingCache(stats, clock);
  }

  /** The last event of the log that this node has delivered. */
  get position(): Cursor {
    return this.cache.recent.to;
  }
}
