import type { Cursor } from '../model/cursor.ts';
import type { DeadLetter } from '../model/dead-letter.ts';
import { ProtocolError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';

/** How nodes tell each other what happened. */
export interface Broker {
  /**
   * Begins to deliver: every event published by any node from now on, this one included, at most once, in the order of
   * the log (and so in order per key). Live-only events have no id. `deliver` must not throw.
   * @returns the position in the log after which delivery begins
   */
  start(deliver: (event: HubEvent) => void): Promise<Cursor>;
  /**
   * Appends the events to the log, all or none, and tells every node. What is to happen once changes nothing when it is
   * repeated within {@link IDEMPOTENCY_MS}, and is answered as the first was.
   * @returns the id of each, in order
   * @throws BelfryError `unavailable`, when nothing was accepted, and nothing will be; `idempotency_key_reused`
   * @throws OutcomeUnknown when nobody can tell
   */
  publish(events: readonly NewEvent[], once?: Once): Promise<Cursor[]>;
  /** Resolves when events flow; rejects with the reason when they do not. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Events next to each other. */
export interface EventPage {
  /** Oldest first. */
  readonly events: readonly HubEvent[];
  /** They are all after the place that was asked for, up to this one. */
  readonly to: Cursor;
  /** Nothing came after them when they were read. */
  readonly isLast: boolean;
}

/** The beginning of what is kept of each of some queries, and of the log the end at that instant. */
export interface RetainedPages {
  readonly pages: readonly EventPage[];
  readonly cursor: Cursor;
}

/** What was published before, as far as the log and the retention rules go back. Each read may reject with `unavailable`. */
export interface History {
  /** Of the events after a place, and up to another where that is given, as many as are read at once. */
  page(after: Cursor, until?: Cursor): Promise<EventPage>;
  /** The events of the log after a place, oldest first, up to its end as it is when read. */
  after(cursor: Cursor): AsyncIterable<HubEvent>;
  /** The events of the log before a place, newest first. They need not name the one before them. */
  before(cursor: Cursor): AsyncIterable<HubEvent>;
  /**
   * What the retention rules keep: for each query the first page of its last events, and the position in the log up to which
   * that and what {@link tail} answers is everything, in the same instant. The events need not name the one before them.
   */
  retained(queries: readonly RetainedQuery[]): Promise<RetainedPages>;
  /**
   * More of one query, after the end of a page and up to where the log ended then. What the rule forgets meanwhile is left
   * out.
   */
  tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage>;
}

/** All that is kept of some queries, in their order: for those that are few. */
export async function readRetained(
  history: Pick<History, 'retained' | 'tail'>,
  queries: readonly RetainedQuery[],
): Promise<{ readonly events: readonly HubEvent[]; readonly cursor: Cursor }> {
  const { pages, cursor } = await history.retained(queries);
  const events: HubEvent[] = [];
  for (const [index, query] of queries.entries()) {
    let page = pages[index];
    while (page !== undefined) {
      events.push(...page.events);
      page = page.isLast ? undefined : await history.tail(query, page.to, cursor);
    }
  }
  return { events, cursor };
}

/** The latest of what the retention rules keep. Each read rejects with BelfryError `unavailable`. */
export interface Retained {
  /** Whether a rule keeps anything of such a type at all. */
  keeps(type: string): boolean;
  /**
   * The latest event of each key, in the order of the keys: that which a `latest` rule keeps, where the type has one,
   * else the newest of its tails since it was removed. And of how many this is the page.
   */
  latest(type: string, query?: LatestQuery): Promise<{ readonly events: HubEvent[]; readonly total: number }>;
  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined>;
}

/** Whether somebody may hear of it. What they may not hear is passed over, as if it were not there. */
export type Permits = (event: Pick<HubEvent, 'type' | 'action' | 'key'>) => boolean;

/** All of them, where nothing else is asked for. */
export interface LatestQuery {
  readonly permits?: Permits;
  readonly offset?: number;
  readonly limit?: number;
}

/** The last so many events of one type, action and key; with `*` as action, the latest of a type that keeps it. */
export interface RetainedQuery {
  readonly type: string;
  readonly action: string;
  /** Absent, with `*` as action: whatever was the last to change, also when that removed it. */
  readonly key?: string;
  readonly count: number;
}

/** What the ingress could not accept, until somebody decides. Each rejects with BelfryError `unavailable`. */
export interface DeadLetterQueue {
  /** Oldest first. */
  list(
    offset: number,
    limit: number,
  ): Promise<{ readonly entries: readonly DeadLetter[]; readonly total: number }>;
  get(id: Cursor): Promise<DeadLetter | undefined>;
  /** Takes it back into the ingress, as its last; answers whether it was there. */
  retry(id: Cursor): Promise<boolean>;
  /** Forgets it; answers whether it was there. */
  remove(id: Cursor): Promise<boolean>;
}

/** What a broker knows of the way through it, as plain numbers; the metrics page reads them. */
export interface BrokerStats {
  /** Events that the log took from this node, those that it moved from the ingress included. */
  readonly published: number;
  /** How many publishes of this node came to nothing, by what stood in their way. */
  readonly refused: ReadonlyMap<RefusedReason, number>;
  /** What stood in the way of the last publish, or of the last look whether one could be made. */
  readonly trouble: RefusedReason | undefined;
  /** Whether events flowed when that was last proved, and nothing has spoken against it since. */
  readonly isHealthy: boolean;
  /** How long the last proof that succeeded took. */
  readonly probeMs: number;
  /** Times that the channel was cut off, or left something out, so that the log had to be read. */
  readonly gapsDetected: number;
  /** Those of them after which nothing was missing. */
  readonly gapsRepaired: number;
  /** How often this node put right what somebody had done to a stream of the hub. */
  readonly streamsMended: ReadonlyMap<StreamFault, number>;
  /** Entries that were trimmed from the ingress, or deleted, before a node had settled them; found by this node. */
  readonly ingressGone: number;
  /** Tails and latest values that this node dropped for want of room, and halves of tails. */
  readonly retainedGone: number;
  /** What is kept by all nodes together, as it was when last looked at: JSON of the log, and memory of the others. */
  readonly heldBytes: Readonly<Record<'log' | 'retained' | 'ingress', number>>;
}

/**
 * An entry of the ingress, the log or the dead letters had an id that left none, or none of use, for what follows; the ingress or its
 * consumer group was deleted; something that is no stream stood in place of the ingress.
 */
export const STREAM_FAULTS = [
  'ingress_ids',
  'log_ids',
  'dead_letter_ids',
  'ingress_group',
  'ingress_type',
] as const;
export type StreamFault = (typeof STREAM_FAULTS)[number];

/**
 * Redis is full or cannot write to its disk; the node's user lacks a right; Redis was away, or no master; it did not
 * answer in time, and nothing came of it; nobody can tell what came of it; and whatever else.
 */
export const REFUSED_REASONS = ['full', 'forbidden', 'away', 'timeout', 'unknown', 'other'] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** Told of whatever arrives that is no event: through which entry point, and the code of the reason. */
export type ReportRejected = (source: string, reason: string) => void;

/** How far back the log goes; whichever is reached first. What is older is trimmed, the newest event never by its size. */
export interface LogBounds {
  readonly maxEvents: number;
  /** Of JSON. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What an event larger than the limit is refused with, at every broker and entry point. */
export function tooBig(bytes: number, maxBytes: number): ProtocolError {
  return new ProtocolError('event_too_big', `The event is ${bytes} bytes. Expected at most ${maxBytes}.`);
}
