import type { Cursor } from '../model/cursor.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';

/** How nodes tell each other what happened. */
export interface Broker {
  /**
   * Begins to deliver: every event published by any node from now on, this one included, at most once, in the order of
   * the log (and so in order per key). Live-only events have no id. `deliver` must not throw.
   * @returns the place in the log after which delivery begins
   */
  start(deliver: (event: HubEvent) => void): Promise<Cursor>;
  /**
   * Appends the events to the log, all or none, and tells every node. With an idempotency key, a repetition within
   * {@link IDEMPOTENCY_MS} changes nothing and answers what the first one did.
   * @returns the id of each, in order
   * @throws BelfryError `unavailable`, when nothing was accepted as far as the node can know
   */
  publish(events: readonly NewEvent[], idempotencyKey?: string): Promise<Cursor[]>;
  /** Resolves when events flow; rejects with the reason when they do not. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** What was published before, as far as the log goes back. */
export interface History {
  /** The events of the log after a place, oldest first, up to its end as it is when read. */
  after(cursor: Cursor): AsyncIterable<HubEvent>;
}

export const IDEMPOTENCY_MS = 5 * 60_000;

/** Told of whatever arrives that is no event: through which door, why not, and from its beginning. */
export type ReportRubbish = (source: string, reason: string, sample: string) => void;

/** How far back the log goes; whichever is reached first. */
export interface LogBounds {
  readonly maxEvents: number;
  readonly maxAgeMs: number;
}
