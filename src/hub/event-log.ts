import type { History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import { Encodings } from './encodings.ts';
import { Older } from './older.ts';
import { Recent } from './recent.ts';
import type { Stats } from './stats.ts';

interface EventLogOptions {
  readonly history: History;
  readonly recentMaxEvents: number;
  readonly clock: Clock;
  readonly stats: Stats;
}

/** The log of events as this node sees it: how far it has delivered it, what it keeps of it, and where it reads the rest. */
export class EventLog {
  /** The whole log, as the broker reads it. */
  readonly history: History;
  /** The last events that this node has delivered. */
  readonly recent: Recent;
  /** Pages from before the recent events, shared by all connections that come back at the same time. */
  readonly older: Older;
  /** The texts and frames of past events, shared in the same way. */
  readonly encodings: Encodings;

  constructor({ history, recentMaxEvents, clock, stats }: EventLogOptions) {
    this.history = history;
    this.recent = new Recent(recentMaxEvents);
    this.older = new Older({ history, recent: this.recent, clock });
    this.encodings = new Encodings(stats, clock);
  }

  /** The last event of the log that this node has delivered. */
  get position(): Cursor {
    return this.recent.position;
  }
}
