import type { History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { gapBetween, type GapReason } from './gap.ts';
import type { Lane } from './lanes.ts';
import { AT_ONCE, type ReplayBatch } from './replay-batch.ts';
import type { TopicHash } from './topic-hash.ts';

/** After this time a replay looks again whether the node has delivered what the client has heard already. */
const BEHIND_MS = 50;

/** What all lanes of a replay share. */
export interface ReplayParts {
  readonly history: History;
  readonly clock: Pick<Clock, 'after'>;
  readonly batch: ReplayBatch;
  /** Events of other topics need not be looked at. Absent where the subscriptions do not name few topics. */
  readonly topics: readonly TopicHash[] | undefined;
  /** Adds an event to the batch, if the client may receive it and wants it. */
  readonly add: (event: HubEvent) => void;
  /** Called before {@link ReplayLane.at} moves over events that may be missing, or never were there. */
  readonly tellGap: (lane: ReplayLane, to: Cursor, reason: GapReason) => void;
}

/** How far a replay has come in the log of one shard, which the node follows. */
export class ReplayLane {
  readonly shard: number;
  /** Events of the same key stand in the shards of earlier epochs first. */
  readonly epoch: number;
  /** Where the client began was made from a time, so there need not be an event at it. */
  readonly isOfTime: boolean;
  at: Cursor;
  readonly #parts: ReplayParts;
  readonly #cache: Lane['cache'];
  /** It is known whether the log has the position that was asked for. */
  #positioned = false;

  constructor({ shard, epoch, cache }: Lane, parts: ReplayParts, at = cache.recent.to, isOfTime = false) {
    this.shard = shard;
    this.epoch = epoch;
    this.at = at;
    this.isOfTime = isOfTime;
    this.#cache = cache;
    this.#parts = parts;
  }

  /** Whether the client has what this node has delivered. */
  get isAtEnd(): boolean {
    return this.at === this.#cache.recent.to;
  }

  /** Goes on by one write. Returns nothing where it has done so at once, since the events are in memory. */
  goOn(): Promise<void> | undefined {
    const { recent } = this.#cache;
    if (!recent.covers(this.at))
      return compareCursors(this.at, recent.to) > 0 ? this.#untilDelivered() : this.#fromHistory();
    this.#takeRecent();
    return undefined;
  }

  #takeRecent(): void {
    const { batch, topics } = this.#parts;
    const { recent } = this.#cache;
    this.#checkPosition(recent.positionOf(this.at));
    const missed = recent.after(this.at, AT_ONCE, topics);
    for (const event of missed) {
      this.#add(event);
      if (batch.isFull) break;
    }
    if (missed.length < AT_ONCE && !batch.isFull) this.at = recent.to;
    batch.send();
  }

  /**
   * The client has received events on a node that was slightly ahead, which this node has not delivered yet. The
   * client joins after them; otherwise it would receive them twice. If the log does not reach the position either, the
   * position was never given out, or is lost.
   */
  async #untilDelivered(): Promise<void> {
    const { history, clock } = this.#parts;
    const { recent } = this.#cache;
    for await (const { id = START } of history.after(recent.to)) {
      if (compareCursors(id, this.at) < 0) continue;
      await new Promise<void>((resolve) => void clock.after(BEHIND_MS, resolve));
      return;
    }
    if (compareCursors(this.at, recent.to) <= 0) return;
    this.#goOnFrom(recent.to, 'unknown cursor');
  }

  /** Reads on from the log until the recent events of this node take over, or the log has nothing more. */
  async #fromHistory(): Promise<void> {
    const { batch } = this.#parts;
    const { recent } = this.#cache;
    const found = await this.#takePage();
    // The page is not held while a slow client reads.
    if (batch.isFull || !found || recent.covers(this.at)) await batch.sent();
    if (!found && !recent.covers(this.at)) this.#goOnFrom(recent.to, 'trimmed');
  }

  /**
   * Takes as much of a page of the log as one write holds. Returns whether there was any event that this node has
   * delivered.
   */
  async #takePage(): Promise<boolean> {
    const from = this.at;
    const segment = await this.#cache.page(from, !this.#positioned);
    for (const event of segment.after(from)) {
      if (this.#parts.batch.isFull || compareCursors(event.id ?? START, this.#cache.recent.to) > 0) break;
      if (this.at === from) this.#checkPosition(event.previous ?? START);
      this.#add(event);
    }
    return this.at !== from;
  }

  #add(event: HubEvent): void {
    this.at = event.id ?? this.at;
    this.#parts.add(event);
  }

  /** The first event that is taken shows whether the log has the position; no later one does. */
  #checkPosition(previous: Cursor): void {
    if (this.#positioned) return;
    this.#positioned = true;
    const reason = gapBetween(this.at, previous);
    if (reason !== undefined) this.#parts.tellGap(this, previous, reason);
  }

  #goOnFrom(to: Cursor, reason: GapReason): void {
    this.#parts.tellGap(this, to, reason);
    this.#positioned = true;
    this.at = to;
  }
}

/** The lane whose next events are the oldest, so that events of several shards come about in the order of their times. */
export function furthestBehind(lanes: readonly ReplayLane[]): ReplayLane | undefined {
  let behind: ReplayLane | undefined;
  for (const lane of lanes) {
    if (lane.isAtEnd) continue;
    const isFirst = behind === undefined || lane.epoch < behind.epoch;
    if (isFirst || (lane.epoch === behind?.epoch && compareCursors(lane.at, behind.at) < 0)) behind = lane;
  }
  return behind;
}
