import type { Cursor } from '../model/cursor.ts';
import { ProtocolError } from '../model/errors.ts';
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

/** What was published before, as far as the log and the retention rules go back. */
export interface History {
  /** The events of the log after a place, oldest first, up to its end as it is when read. */
  after(cursor: Cursor): AsyncIterable<HubEvent>;
  /** The events of the log before a place, newest first. They need not name the one before them. */
  before(cursor: Cursor): AsyncIterable<HubEvent>;
  /**
   * What the retention rules keep: for each wish its last events, oldest first, in the order of the wishes; and the
   * place in the log up to which that is everything, read in the same instant. What no rule keeps gives nothing. The
   * events need not name the one before them.
   * @throws BelfryError `unavailable`
   */
  retained(
    wishes: readonly RetainedWish[],
  ): Promise<{ readonly events: readonly HubEvent[]; readonly cursor: Cursor }>;
}

/** What the retention rules keep as the latest of its key. Each rejects with BelfryError `unavailable`. */
export interface Retained {
  /** Whether a rule keeps the latest of such a type at all. */
  keepsLatest(type: string): boolean;
  /** The latest event of each key, in no particular order. */
  latest(type: string): Promise<HubEvent[]>;
  latestOf(type: string, key: string): Promise<HubEvent | undefined>;
}

/** The last so many events of one type, action and key; with `*` as action, the latest of a type that keeps it. */
export interface RetainedWish {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly count: number;
}

export const IDEMPOTENCY_MS = 5 * 60_000;

/** Told of whatever arrives that is no event: through which door, and the code of the reason. */
export type ReportRubbish = (source: string, reason: string) => void;

/** How far back the log goes; whichever is reached first. */
export interface LogBounds {
  readonly maxEvents: number;
  readonly maxAgeMs: number;
}

/** What an event larger than the limit is refused with, at every broker and door. */
export function tooBig(bytes: number, maxBytes: number): ProtocolError {
  return new ProtocolError('event_too_big', `The event is ${bytes} bytes. Expected at most ${maxBytes}.`);
}
