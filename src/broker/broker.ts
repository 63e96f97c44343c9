import type { Cursor } from '../model/cursor.ts';
import type { DeadLetter, UndeliveredEvent } from '../model/dead-letter.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import type { Layout } from '../model/shards.ts';

/** Takes an event. Returns whether any client of the node wants it. It must not throw. */
export type Deliver = (event: HubEvent) => boolean;

/** The seam of the brokers: how nodes tell each other what happened. */
export interface Broker {
  /**
   * Begins to deliver every event that any node publishes from now on, this one included: at most once, in the order
   * of the log (and so in order per key). Live-only events have no id. Of the shards only shard 0 is followed; see
   * {@link Shards} for the others.
   */
  start(deliver: Deliver): Promise<void>;
  /**
   * Appends the events to the logs of their shards, all or none in each shard, and tells every node that follows these. A
   * publish with `once` that is repeated within {@link IDEMPOTENCY_MS} changes nothing, and is answered as the first one
   * was; it completes a publish that reached only some of its shards. A publish with a `fence` is accepted only while the
   * lease is held under it.
   * @returns the id of each event, in order
   * @throws BelfryError `unavailable`, when nothing was accepted, and nothing will be; `idempotency_key_reused`; `lease_lost`
   * @throws OutcomeUnknown when nobody can tell whether the events were accepted
   */
  publish(events: readonly NewEvent[], once?: Once, fence?: Fence): Promise<Cursor[]>;
  /** Resolves when events reach this node through the broker; rejects with the reason when they do not. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** The logs of the hub, one for each shard, and which of them this node hears. */
export interface Shards {
  /** How events are divided into shards. */
  readonly layout: Layout;
  /**
   * Delivers the events of a shard from now on, or after a position. Shard 0 is always followed.
   * @returns a position in the log of the shard; every event after it is delivered, or has been
   * @throws BelfryError `unavailable`
   */
  follow(shard: number, from?: Cursor): Promise<Cursor>;
  /** Delivers nothing more of a shard. */
  unfollow(shard: number): void;
  /** Calls this each time when {@link layout} has changed, in the same turn. It is told the layout before, and must not throw. */
  onLayout(changed: (before: Layout) => void): void;
  /** How many numbers of shards the hub has used, also those that this node does not know yet. @throws BelfryError `unavailable` */
  used(): Promise<number>;
}

/** Events that follow each other in the log of a shard without a gap. */
export interface EventPage {
  /** Oldest first. */
  readonly events: readonly HubEvent[];
  /** The position up to which this page is complete; the next page begins after it. */
  readonly to: Cursor;
  /** Whether nothing came after this page when it was read. */
  readonly isLast: boolean;
}

/** The first page of each query, and the end of the log of the shard at the instant when all of them were read. */
export interface RetainedPages {
  readonly pages: readonly EventPage[];
  readonly cursor: Cursor;
}

/**
 * What was published before, as far back as the logs and the retention rules reach. A position names the shard whose log is
 * read. Each read may reject with `unavailable`.
 */
export interface History {
  /** One page of the events after a position, and up to another position where one is given. */
  page(after: Cursor, until?: Cursor): Promise<EventPage>;
  /** The events of the log after a position, oldest first, up to the end that the log has while it is read. */
  after(cursor: Cursor): AsyncIterable<HubEvent>;
  /** The events of the log before a position, newest first. `previous` may be absent from them. */
  before(cursor: Cursor): AsyncIterable<HubEvent>;
  /**
   * What the retention rules keep in a shard: for each query the first page of its last events. `cursor` is the position
   * in the log of the shard up to which these pages, together with what {@link tail} answers, are complete. `previous` may
   * be absent from the events.
   */
  retained(shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages>;
  /**
   * The next page of one query, from the end of the page before up to the `cursor` of {@link retained}. Events that
   * the rule drops in the meantime are left out.
   */
  tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage>;
}

/** Reads all pages of some queries in one shard, in the order of the queries. It is meant for queries with few events. */
export async function readRetained(
  history: Pick<History, 'retained' | 'tail'>,
  shard: number,
  queries: readonly RetainedQuery[],
): Promise<{ readonly events: readonly HubEvent[]; readonly cursor: Cursor }> {
  const { pages, cursor } = await history.retained(shard, queries);
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

/** The latest events that the retention rules keep. Each read may reject with BelfryError `unavailable`. */
export interface Retained {
  /** Whether any rule keeps events of this type. */
  keeps(type: string): boolean;
  /**
   * One page of the latest event of each key, in the order of the keys, and how many keys there are in total. The
   * latest event is the one that a `latest` rule keeps, where the type has such a rule; else it is the newest event
   * of the tails of the key since the key was removed.
   */
  latest(type: string, query?: LatestQuery): Promise<{ readonly events: HubEvent[]; readonly total: number }>;
  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined>;
}

/** Whether the caller may see an event. An event that the caller may not see is skipped, as if it did not exist. */
export type Permits = (event: Pick<HubEvent, 'type' | 'action' | 'key'>) => boolean;

/** A part of the latest events; without any field all of them. */
export interface LatestQuery {
  readonly permits?: Permits;
  readonly offset?: number;
  readonly limit?: number;
}

/**
 * The last `count` events of one type, action and key; with `*` as action, the latest event of a type that has a
 * `latest` rule.
 */
export interface RetainedQuery {
  readonly type: string;
  readonly action: string;
  /** When it is absent, with `*` as action: the last change of any key of the type, removals included. */
  readonly key?: string;
  readonly count: number;
}

/**
 * What the ingress could not accept and what sinks could not deliver, kept until an operator decides. Each method may reject with BelfryError
 * `unavailable`.
 */
export interface DeadLetterQueue {
  /** Oldest first. */
  list(
    offset: number,
    limit: number,
  ): Promise<{ readonly entries: readonly DeadLetter[]; readonly total: number }>;
  get(id: Cursor): Promise<DeadLetter | undefined>;
  /** Adds what a sink could not deliver, and answers the id of the letter. */
  add(undelivered: UndeliveredEvent): Promise<Cursor>;
  /** Moves the letter of an entry of the ingress back to the end of the ingress; answers whether there was such a letter. */
  retry(id: Cursor): Promise<boolean>;
  /** Deletes the letter; answers whether it existed. */
  remove(id: Cursor): Promise<boolean>;
}

/** What a broker counts, as plain numbers; the metrics are made from them. */
export interface BrokerStats extends LogStats {
  /** Entries that this node found to be trimmed or deleted from the ingress before any node had settled them. */
  readonly ingressGone: number;
  /** Bytes that the whole hub keeps, as of the last check: JSON of the logs, and memory of the others. */
  readonly heldBytes: Readonly<Record<'log' | 'retained' | 'ingress', number>>;
  /** The figures of each shard of which the hub has a log, where there are several. */
  readonly shards: readonly ShardStats[];
}

/** What a broker counts of one shard. */
export interface ShardStats extends LogStats {
  readonly shard: number;
  /** Whether this node hears what is published in the shard. */
  readonly isFollowed: boolean;
  /** How far the clock of its master is ahead of the clock of this node. `undefined` while that is not known. */
  readonly clockOffsetMs: number | undefined;
  readonly heldBytes: Readonly<Record<'log' | 'retained', number>>;
}

/** What a broker counts of its log, or of all its logs together. */
export interface LogStats {
  /** Events that this node appended, including those that it moved there from the ingress. */
  readonly published: number;
  /** How many publishes of this node failed, by reason. */
  readonly refused: ReadonlyMap<RefusedReason, number>;
  /** Why the last publish failed, or the last check whether publishing is possible; `undefined` when it succeeded. */
  readonly trouble: RefusedReason | undefined;
  /** Whether the last delivery probe succeeded and no fault has shown since. */
  readonly isHealthy: boolean;
  /** How long the last successful delivery probe took. */
  readonly probeMs: number;
  /** How often the channel was interrupted or left out messages, so that the log had to be read. */
  readonly gapsDetected: number;
  /** Gaps that were filled from the log without a loss. */
  readonly gapsRepaired: number;
  /** How often this node repaired a stream of the hub that somebody had damaged. */
  readonly streamsMended: ReadonlyMap<StreamFault, number>;
  /** Tails, halves of tails and latest values that this node evicted because the room was full. */
  readonly retainedGone: number;
}

/**
 * Kinds of damage. `…_ids`: an entry had an id so high that no usable id is left for the entries after it.
 * `ingress_group`: the ingress or its consumer group was deleted. `ingress_type`: the key of the ingress held
 * something that is not a stream.
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
 * Why a publish failed. `full`: Redis is full or cannot write to its disk. `forbidden`: the user of the node lacks a
 * right. `away`: Redis was not reachable, or was not a master. `timeout`: Redis did not answer in time, and the
 * publish had no effect. `unknown`: nobody can tell whether the publish had an effect. `other`: anything else.
 */
export const REFUSED_REASONS = ['full', 'forbidden', 'away', 'timeout', 'unknown', 'other'] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** Called for every input that is not a usable event, with the entry point and the code of the error. */
export type ReportRejected = (source: string, reason: string) => void;

/**
 * How far back the log reaches; the bound that is reached first counts. Older events are trimmed; the newest event is
 * never trimmed for its size.
 */
export interface LogBounds {
  readonly maxEvents: number;
  /** Bytes of JSON. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}
