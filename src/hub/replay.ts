import type { ReplayRequest, Subscription } from '../dialects/dialect.ts';
import { START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isAfter, type Position, type PositionVector } from '../model/position.ts';
import type { Connection } from './connection.ts';
import { EncodedEvent } from './encoded-event.ts';
import type { EventLog } from './event-log.ts';
import type { Gap, GapReason } from './gap.ts';
import type { Lane } from './lanes.ts';
import { MAX_SELECTED } from './log-cache.ts';
import { ReplayBatch } from './replay-batch.ts';
import { furthestBehind, ReplayLane, type ReplayParts } from './replay-lane.ts';
import { sendRetained } from './replay-retained.ts';
import type { ReplayOptions } from './replay-options.ts';
import { readSelected } from './replay-selected.ts';
import { matches } from './subscription.ts';
import { topicHashesOf } from './topic-hash.ts';

/**
 * Sends one connection what its new subscriptions admit since a position in the log, up to the last event that this
 * node has delivered. It then calls `join` in the same turn, so that no event is missing or doubled between the replay
 * and the live events. If the log does not go back far enough, or does not know the position, a `belfry.gap` says so
 * first. Events that an older subscription of the connection has already admitted are not sent again.
 *
 * It runs over the shards that the subscriptions need, which the node follows. Of these the one goes on that is furthest behind.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #log: EventLog;
  readonly #connection: Connection;
  readonly #subscriptions: readonly Subscription[];
  readonly #request: ReplayRequest;
  readonly #batch: ReplayBatch;
  readonly #parts: ReplayParts;
  /** In the order of their shards; and which of these were added since the hub was divided anew. */
  #lanes: readonly ReplayLane[] = [];
  readonly #added: number[] = [];
  /** The position that was asked for. */
  #from: PositionVector | undefined;
  /** How long after an event that ends its stream the connection must be closed, if such an event was sent. */
  #closesAfterMs: number | undefined;
  /** For a request that selects: the events that it selects from, and those that came meanwhile, after `#liveAfter`. */
  #collected: HubEvent[] = [];
  #liveAfter: Position = START;

  constructor(
    options: ReplayOptions,
    connection: Connection,
    subscriptions: readonly Subscription[],
    request: ReplayRequest,
  ) {
    this.#options = options;
    this.#log = options.eventLog;
    this.#connection = connection;
    this.#subscriptions = subscriptions;
    this.#request = request;
    this.#batch = new ReplayBatch(options.delivery, connection);
    this.#parts = {
      history: this.#log.history,
      clock: options.clock,
      batch: this.#batch,
      topics: topicHashesOf(subscriptions),
      add: (event) => this.#add(event),
      tellGap: (lane, to, reason) => this.#tellGap(lane, to, reason),
    };
  }

  /**
   * Resolves with the time after which the connection must be closed, if an event that was sent ends its stream.
   * Rejects when the log cannot be read, and then `join` was not called.
   */
  async run(join: () => void): Promise<number | undefined> {
    const { lanes } = this.#log;
    const ahead = 'since' in this.#request ? this.#log.whenDivided(this.#request.since) : undefined;
    if (ahead !== undefined) await ahead;
    const shards = this.#shards();
    // Where nothing has to be waited for, all is sent in the turn of the command.
    const following = lanes.follow(shards);
    if (following !== undefined) await following;
    lanes.use(shards);
    try {
      this.#liveAfter = this.#log.position;
      const beginning = this.#begin(shards.flatMap((shard) => lanes.of(shard) ?? []));
      if (beginning !== undefined) await beginning;
      await this.#toTheEnd(() => {
        if ('select' in this.#request) this.#sendSelected(this.#request.select);
        join();
      });
    } finally {
      lanes.release(shards);
      lanes.release(this.#added);
    }
    return this.#closesAfterMs;
  }

  /** The shards from which the connection is sent something. */
  #shards(): readonly number[] {
    const { lanes } = this.#log;
    const shards = lanes.shardsOf(this.#subscriptions);
    if (!('retained' in this.#request)) return shards;
    return [
      ...new Set([...shards, ...this.#request.retained.flatMap((query) => lanes.shardsOfRetained(query))]),
    ];
  }

  #begin(lanes: readonly Lane[]): Promise<void> | undefined {
    const request = this.#request;
    if ('retained' in request) return this.#fromRetained(lanes, request);
    if ('select' in request) return this.#fromSelected(lanes, this.#options.clock.now() - request.lastMs);
    const from = (this.#from = this.#log.vectorOf(request.since));
    this.#lanes = lanes.map((lane) => {
      const isOfTime = request.ofTime === true || !from.isExactIn(lane.shard);
      return new ReplayLane(lane, this.#parts, from.in(lane.shard), isOfTime);
    });
    this.#tellGone(from);
    return undefined;
  }

  /** Logs that have run out are not read, and the client may have missed something there. */
  #tellGone(asked: PositionVector): void {
    const gone = this.#log.goneAfter(this.#subscriptions, asked);
    if (gone.size === 0) return;
    const from = this.#positionWith();
    this.#from = asked.with(gone);
    this.#tell({ from, to: this.#positionWith(), reason: 'trimmed' });
  }

  async #fromRetained(
    lanes: readonly Lane[],
    { retained, as }: Extract<ReplayRequest, { readonly retained: unknown }>,
  ): Promise<void> {
    this.#lanes = lanes.map((lane) => new ReplayLane(lane, this.#parts));
    const read = await sendRetained(retained, {
      lanesOf: (query) =>
        this.#log.lanes.shardsOfRetained(query).flatMap((shard) => this.#log.lanes.of(shard) ?? []),
      connection: this.#connection,
      batch: this.#batch,
      add: (event) => this.#add(event, as),
    });
    for (const [{ shard }, cursor] of read)
      for (const lane of this.#lanes) if (lane.shard === shard) lane.at = cursor;
  }

  async #fromSelected(lanes: readonly Lane[], sinceMs: number): Promise<void> {
    const { events, ends } = await readSelected(lanes, this.#subscriptions, sinceMs);
    this.#lanes = ends.map(([lane, end]) => new ReplayLane(lane, this.#parts, end));
    for (const event of events) this.#add(event);
  }

  #sendSelected(select: (events: readonly HubEvent[]) => readonly HubEvent[]): void {
    const isLive = ({ id = START }: HubEvent): boolean => isAfter(id, this.#liveAfter);
    const selected = new Set(select(this.#collected.filter((event) => !isLive(event))));
    const sent = this.#collected.filter((event) => selected.has(event) || isLive(event));
    // They go out in one write. One by one they could fill the queue of a client that has not read the first of them
    // yet.
    this.#options.delivery.sendTo(this.#connection, ...sent.map((event) => this.#log.encodings.of(event)));
  }

  async #toTheEnd(join: () => void): Promise<void> {
    while (this.#connection.isOpen) {
      const lane = furthestBehind(this.#lanes);
      if (lane === undefined && !this.#connection.isSlow) {
        const added = this.#shardsToAdd();
        if (added.length === 0) return join();
        await this.#goOnIn(added);
        continue;
      }
      const going = lane?.goOn();
      if (going !== undefined) await going;
      if (lane?.isAtEnd === true && !this.#connection.isSlow) continue;
      await this.#connection.drained();
    }
  }

  /** The shards that the connection needs since the hub was divided anew, while this was running. */
  #shardsToAdd(): readonly number[] {
    const known = new Set(this.#lanes.map(({ shard }) => shard));
    return this.#log.lanes.shardsOf(this.#subscriptions).filter((shard) => !known.has(shard));
  }

  async #goOnIn(shards: readonly number[]): Promise<void> {
    const { lanes } = this.#log;
    const following = lanes.follow(shards);
    if (following !== undefined) await following;
    lanes.use(shards);
    this.#added.push(...shards);
    const begun = (lane: Lane): ReplayLane =>
      new ReplayLane(lane, this.#parts, this.#log.beginOf(lane.shard, this.#from));
    const added = shards.flatMap((shard) => lanes.of(shard) ?? []).map(begun);
    this.#lanes = [...this.#lanes, ...added].toSorted((a, b) => a.shard - b.shard);
  }

  /** Adds an event, if the client may receive it and wants it. `as` makes the form in which it is sent. */
  #add(event: HubEvent, as?: (event: HubEvent) => HubEvent): void {
    // This check comes first, since it is cheap, and the client does not want most events.
    if (!this.#subscriptions.some(({ pattern }) => pattern.matches(event))) return;
    const encoded = this.#log.encodings.of(event);
    if (!this.#admits(encoded.seenBy(this.#connection.view).event)) return;
    if (!('select' in this.#request)) {
      this.#closesAfterMs = this.#connection.encoding.closesAfterMs?.(event) ?? this.#closesAfterMs;
      this.#batch.add(
        as === undefined ? this.#placed(encoded) : new EncodedEvent(as(event), this.#options.stats),
      );
      return;
    }
    this.#collected.push(event);
    if (this.#collected.length > 2 * MAX_SELECTED) this.#collected = this.#collected.slice(-MAX_SELECTED);
  }

  /**
   * Whether the new subscriptions admit a masked event, and no older subscription of the connection has done so
   * already.
   */
  #admits(seen: HubEvent): boolean {
    if (!this.#connection.identity.subscribe.permit(seen)) return false;
    if (!this.#subscriptions.some((subscription) => matches(subscription, seen))) return false;
    for (const { subscription, from } of this.#connection.subscriptions.values()) {
      if (isAfter(seen.id ?? START, from) && matches(subscription, seen)) return false;
    }
    return true;
  }

  /** The event with the position of the client after it, where a position is more than the id. */
  #placed(encoded: EncodedEvent): EncodedEvent {
    if (this.#log.isSingle) return encoded;
    const after = this.#positionWith();
    return encoded.at({ before: after, after });
  }

  /** How far the client was sent the log, if it were sent it up to another cursor in one lane. */
  #positionWith(lane?: ReplayLane, to?: Cursor): Position {
    const cursors = new Map(this.#from?.cursors);
    for (const each of this.#lanes) cursors.set(each.shard, each === lane && to !== undefined ? to : each.at);
    const inOrder = [...cursors].toSorted(([a], [b]) => a - b);
    return this.#log.positionOf(inOrder, this.#from?.known || undefined);
  }

  /** A time without an event causes no gap, and neither does a request for the events of a last time span. */
  #tellGap(lane: ReplayLane, to: Cursor, reason: GapReason): void {
    if (!('since' in this.#request) || (lane.isOfTime && reason !== 'trimmed')) return;
    this.#tell({ from: this.#positionWith(), to: this.#positionWith(lane, to), reason });
  }

  #tell(gap: Gap): void {
    this.#options.delivery.tell(this.#connection, 'gap', gap.from, gap);
  }
}
