import type { ConnectionLimits, Dialect, Encoding, Opening, Subscription } from '../dialects/dialect.ts';
import { CLOSE, type Close } from '../model/close.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import { UNKNOWN, type Identity } from '../model/principal.ts';
import type { Redaction, View } from '../model/redaction.ts';
import type { ConnectionType } from '../registry/registry.ts';
import { audienceOf, type Cohort } from './cohort.ts';
import { textOf } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Chunk } from './frame.ts';
import { DeliveryQueue, type Missed, type QueueBounds } from './queue.ts';
import type { Deliveries, Stats } from './stats.ts';

/** What the hub needs of a socket, whatever carries it. */
export interface Outlet {
  /** Finished frames; never waits, never throws. */
  write(bytes: Buffer): void;
  /** More bytes wait in the socket than it wants to hold. */
  readonly full: boolean;
  /** Calls back once, when a full socket has sent what it held. */
  onceDrained(run: () => void): void;
  /** Says why, and ends. What was written before still goes out first. */
  close(code: number, reason: string): void;
}

/** What a connection tells the hub about itself. */
export interface ConnectionEvents {
  /** It has something in its own queue, again after each time that some of it went out. */
  lags(connection: Connection): void;
  caughtUp(connection: Connection): void;
  /** It has room again, and is to be told what was left out. */
  missed(connection: Connection, missed: Missed): void;
  /** It hears nothing any more, once it has what waits for it. */
  leaves(connection: Connection): void;
  /** It closes itself, before its socket has gone. */
  closes(connection: Connection, why: Close): void;
}

/** What all connections of a node share. */
export interface ConnectionContext {
  readonly events: ConnectionEvents;
  readonly bounds: QueueBounds;
  readonly redaction: Redaction;
  readonly stats: Stats;
}

/** A client that is about to be attached. */
export interface Arrival {
  /** Unlike that of any other connection, at any time. */
  readonly id: string;
  readonly type: ConnectionType;
  /** `ip:port` of the client, by which operators know it. */
  readonly remoteAddr: string;
  /** As the client said. */
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  readonly createTime: number;
  readonly dialect: Dialect;
  readonly opening: Opening;
}

const NO_LIMITS: ConnectionLimits = {};

/** One client attached to this node. */
export class Connection {
  readonly id: string;
  readonly type: ConnectionType;
  readonly remoteAddr: string;
  readonly userAgent: string;
  readonly createTime: number;
  readonly dialect: Dialect;
  readonly encoding: Encoding;
  readonly deflate: boolean;
  readonly limits: ConnectionLimits;
  identity: Identity;
  readonly subscriptions = new Subscriptions();
  cohort: Cohort | undefined;
  /** Its subscriptions as the roll was last told. */
  listed: readonly string[] = [];

  readonly #outlet: Outlet;
  readonly #context: ConnectionContext;
  readonly #bounds: QueueBounds;
  readonly #stats: Deliveries;
  /** Present while it lags. */
  #queue: DeliveryQueue | undefined;
  #open = true;
  #audience = '';
  /** Of whom that is, as long as nothing has changed. */
  #audienceOf: Identity | undefined;

  constructor(arrival: Arrival, outlet: Outlet, context: ConnectionContext, deflate = false) {
    const { dialect, opening } = arrival;
    this.id = arrival.id;
    this.type = arrival.type;
    this.remoteAddr = arrival.remoteAddr;
    this.userAgent = arrival.userAgent;
    this.createTime = arrival.createTime;
    this.dialect = dialect;
    this.identity = opening.identity;
    this.encoding = opening.encoding ?? dialect;
    this.deflate = deflate;
    this.limits = opening.limits ?? NO_LIMITS;
    const maxDeliveries = this.limits.queueMaxDeliveries;
    this.#bounds = maxDeliveries === undefined ? context.bounds : { ...context.bounds, maxDeliveries };
    this.#stats = context.stats.of(dialect.name);
    this.#outlet = outlet;
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether nobody knows who it is. */
  get isAnonymous(): boolean {
    return this.identity.principal === UNKNOWN;
  }

  /** What is masked for it, by its roles as they are now. */
  get view(): View {
    return this.#context.redaction.viewOf(this.identity.roles);
  }

  /** Equal for those who may hear the same, whatever they subscribe to. */
  get audience(): string {
    if (this.#audienceOf !== this.identity) {
      this.#audienceOf = this.identity;
      this.#audience = audienceOf(this);
    }
    return this.#audience;
  }

  get lags(): boolean {
    return this.#queue !== undefined;
  }

  /** What waits in its own queue, while it lags. */
  get queued(): Pick<DeliveryQueue, 'deliveries' | 'bytes'> | undefined {
    return this.#queue;
  }

  /** With other grants than before, what its subscriptions admit it has heard only from this place on. */
  identify(identity: Identity, from: Cursor): void {
    const same = identity.subscribe.text === this.identity.subscribe.text;
    this.identity = identity;
    if (same) return;
    for (const { subscription } of this.subscriptions.values())
      this.subscriptions.set(subscription.name, { subscription, from });
  }

  /** Subscribes it from a place on, or from where it heard the same before, if that is earlier. */
  hear(subscription: Subscription, from: Cursor): void {
    const held = this.subscriptions.get(subscription.name);
    const same = held?.text === textOf(subscription);
    const earlier = same && compareCursors(held.from, from) < 0;
    this.subscriptions.set(subscription.name, { subscription, from: earlier ? held.from : from });
  }

  /**
   * Writes at once while the socket keeps up; queues while it does not; closes with 4008 when the queue is full. What
   * one flush holds is taken as a whole by who kept up until then, so that a burst alone makes nobody slow. `parts` is
   * the same one by one, of which some may be left out instead.
   */
  send(chunks: readonly Chunk[], parts = chunks): void {
    const keptUp = !this.lags;
    for (const chunk of keptUp ? chunks : parts) {
      if (this.#open && this.#take(chunk, keptUp)) continue;
      this.#stats.droppedSlow += chunk.deliveries;
      this.close(CLOSE.tooSlow);
    }
  }

  /** Ends it from this side. What its cohort was to send still goes out; what waits in its own queue is dropped. */
  close(why: Close): void {
    this.#context.events.leaves(this);
    if (!this.#open) return;
    if (why === CLOSE.tooSlow) this.#context.stats.slowCloses++;
    this.markClosed();
    this.#context.events.closes(this, why);
    this.#outlet.close(why.code, why.reason);
  }

  /** The socket is gone, or is about to be. */
  markClosed(): void {
    this.#open = false;
    this.#stats.droppedSlow += this.#queue?.deliveries ?? 0;
    this.#queue = undefined;
  }

  /** Whether there was room for it, in the socket or in the queue; `inAnyCase` makes room. */
  #take(chunk: Chunk, inAnyCase: boolean): boolean {
    if (this.#queue === undefined) {
      if (!this.#outlet.full) {
        this.#write(chunk);
        return true;
      }
      this.#queue = new DeliveryQueue(this.#bounds);
      this.#context.events.lags(this);
      this.#outlet.onceDrained(() => this.#drain());
    }
    const { dropped } = this.#queue;
    const taken = this.#queue.push(chunk, inAnyCase);
    this.#stats.droppedSlow += this.#queue.dropped - dropped;
    return taken;
  }

  /** What was left out it has not heard: it may subscribe to it again. */
  #miss(missed: Missed): void {
    const { to = START } = missed;
    for (const { subscription, from } of this.subscriptions.values()) {
      if (subscription.slow === undefined || compareCursors(from, to) >= 0) continue;
      this.subscriptions.set(subscription.name, { subscription, from: to });
    }
    this.#context.events.missed(this, missed);
  }

  #write({ bytes, deliveries }: Chunk): void {
    const { stats } = this.#context;
    this.#outlet.write(bytes);
    this.#stats.delivered += deliveries;
    stats.writes++;
    stats.writtenBytes += bytes.length;
  }

  #drain(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    while (!this.#outlet.full) {
      const missed = queue.takeMissed();
      if (missed !== undefined) this.#miss(missed);
      const chunk = queue.shift();
      if (chunk === undefined) break;
      this.#write(chunk);
    }
    if (!queue.isEmpty) {
      this.#context.events.lags(this);
      return this.#outlet.onceDrained(() => this.#drain());
    }
    this.#queue = undefined;
    this.#context.events.caughtUp(this);
  }
}
