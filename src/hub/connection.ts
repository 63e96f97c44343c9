import type { ConnectionLimits, Dialect, Encoding, Subscription } from '../dialects/dialect.ts';
import { CLOSE, type Close } from '../model/close-codes.ts';
import { START } from '../model/cursor.ts';
import { earlierOf, laterOf, type Position } from '../model/position.ts';
import { UNKNOWN, type Identity } from '../model/principal.ts';
import type { Redaction, View } from '../model/redaction.ts';
import type { ConnectionType } from '../registry/registry.ts';
import { audienceOf, type Cohort } from './cohort.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { Transport } from './transport.ts';
import { textOf } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import type { BurstBudget } from './burst-budget.ts';
import type { Chunk } from './frame.ts';
import { DeliveryQueue, type Missed, type QueueBounds } from './queue.ts';
import type { SlowConsumers } from './slow-consumers.ts';
import type { Deliveries, Stats } from './stats.ts';

/** What a connection tells the hub about itself. */
export interface ConnectionEvents {
  /** The queue has room again, so the client must be told what was left out. */
  missed(connection: Connection, missed: Missed): void;
  /** The connection receives nothing more, once it has been sent what waits in its cohort. */
  leaves(connection: Connection): void;
  /** The connection is closed from this side, before its socket has gone. */
  closes(connection: Connection, why: Close): void;
}

/** What all connections of a node share. */
export interface ConnectionContext {
  readonly events: ConnectionEvents;
  readonly bounds: QueueBounds;
  readonly burstBudget: BurstBudget;
  readonly slowConsumers: SlowConsumers;
  readonly redaction: Redaction;
  readonly stats: Stats;
}

const NO_LIMITS: ConnectionLimits = {};

/** A connection: one client that is attached to this node. */
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
  /** The names of its subscriptions, as they were last sent to the registry. */
  listed: readonly string[] = [];
  /** Deliveries that were written to it, and those that were left out because it was slow. */
  delivered = 0;
  dropped = 0;

  readonly #transport: Transport;
  readonly #context: ConnectionContext;
  readonly #bounds: QueueBounds;
  readonly #stats: Deliveries;
  /** Present while the connection is slow. */
  #queue: DeliveryQueue | undefined;
  #open = true;
  #audience = '';
  /** The identity from which the audience was made. */
  #audienceOf: Identity | undefined;

  constructor(info: ConnectionInfo, transport: Transport, context: ConnectionContext, deflate = false) {
    const { dialect, session } = info;
    this.id = info.id;
    this.type = info.type;
    this.remoteAddr = info.remoteAddr;
    this.userAgent = info.userAgent;
    this.createTime = info.createTime;
    this.dialect = dialect;
    this.identity = session.identity;
    this.encoding = session.encoding ?? dialect;
    this.deflate = deflate;
    this.limits = session.limits ?? NO_LIMITS;
    const maxDeliveries = this.limits.queueMaxDeliveries;
    this.#bounds = maxDeliveries === undefined ? context.bounds : { ...context.bounds, maxDeliveries };
    this.#stats = context.stats.of(dialect.name);
    this.#transport = transport;
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether its principal is unknown. */
  get isAnonymous(): boolean {
    return this.identity.principal === UNKNOWN;
  }

  /** The view that says what is masked for the connection, by the roles that it has now. */
  get view(): View {
    return this.#context.redaction.viewOf(this.identity.roles);
  }

  /** Connections with equal audiences may hear the same events, whatever they subscribe to. */
  get audience(): string {
    if (this.#audienceOf !== this.identity) {
      this.#audienceOf = this.identity;
      this.#audience = audienceOf(this);
    }
    return this.#audience;
  }

  /** The position up to which it was sent its events, if the node has delivered the log up to `position`. */
  givenUpTo(position: Position): Position {
    return this.cohort?.sentUpTo(position) ?? position;
  }

  get isSlow(): boolean {
    return this.#queue !== undefined;
  }

  /** The content of its own queue, while it is slow. */
  get queued(): Pick<DeliveryQueue, 'deliveries' | 'bytes'> | undefined {
    return this.#queue;
  }

  /** Gives it another identity. Its subscriptions receive what only the new grants admit from here on. */
  identify(identity: Identity, from: Position): void {
    const same = identity.subscribe.text === this.identity.subscribe.text;
    this.identity = identity;
    if (same) return;
    for (const { subscription } of this.subscriptions.values())
      this.subscriptions.set(subscription.name, { subscription, from });
  }

  /** Adds a subscription from a position on, or from where the same one began before, if that is earlier. */
  subscribe(subscription: Subscription, from: Position): void {
    const held = this.subscriptions.get(subscription.name);
    const same = held !== undefined && textOf(held.subscription) === textOf(subscription);
    if (same) from = earlierOf(held.from, from);
    this.subscriptions.set(subscription.name, { subscription, from });
  }

  /**
   * Writes at once while the socket keeps up. While it does not, the chunks are queued, and a full queue closes the
   * connection with 4008. A connection that kept up until now may queue more of one flush than its queue holds, so that
   * a burst alone closes nobody. `parts` makes the same with one event in each chunk, of which some may be left out.
   */
  send(chunks: readonly Chunk[], parts?: () => readonly Chunk[]): void {
    if (this.isSlow) return this.#queueUp(parts?.() ?? chunks);
    let deliveries = 0;
    for (let index = 0; index < chunks.length; index++) {
      const chunk = chunks[index] as Chunk;
      if (!this.#open || this.#transport.full) {
        const rest = chunks.slice(index);
        if (!this.#open || !this.#begin().pushFlush(rest)) this.#queueUp(parts?.().slice(deliveries) ?? rest);
        return;
      }
      this.#write(chunk);
      deliveries += chunk.deliveries;
    }
  }

  /** Queues the chunks, and closes the connection with 4008 if one that may not be left out has no room. */
  #queueUp(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (this.#queue !== undefined && this.#push(this.#queue, chunk)) continue;
      this.#stats.droppedSlow += chunk.deliveries;
      this.dropped += chunk.deliveries;
      this.close(CLOSE.tooSlow);
    }
  }

  #push(queue: DeliveryQueue, chunk: Chunk): boolean {
    const { dropped } = queue;
    const taken = queue.push(chunk);
    this.#stats.droppedSlow += queue.dropped - dropped;
    this.dropped += queue.dropped - dropped;
    return taken;
  }

  /** Notes that the connection is slow from now on. */
  #begin(): DeliveryQueue {
    this.#queue = new DeliveryQueue(this.#bounds, this.#context.burstBudget);
    this.#context.slowConsumers.add(this);
    this.#transport.onceDrained(() => this.#drain());
    return this.#queue;
  }

  /** Resolves when the connection has sent everything that it was given, or is closed. */
  drained(): Promise<void> {
    return this.#context.slowConsumers.drained(this);
  }

  /** Closes it from this side. What waits in its cohort is still sent, what waits in its own queue is dropped. */
  close(why: Close): void {
    this.#context.events.leaves(this);
    if (!this.#open) return;
    if (why === CLOSE.tooSlow) this.#context.stats.slowCloses++;
    this.markClosed();
    this.#context.events.closes(this, why);
    this.#transport.close(why.code, why.reason);
  }

  /** Notes that the socket is gone, or is about to be. */
  markClosed(): void {
    this.#open = false;
    this.#stats.droppedSlow += this.#queue?.deliveries ?? 0;
    this.#queue?.clear();
    this.#queue = undefined;
  }

  /** The client has not received what was left out, so it may subscribe to that again. */
  #miss(missed: Missed): void {
    const { to = START } = missed;
    for (const { subscription, from } of this.subscriptions.values()) {
      if (subscription.slow === undefined) continue;
      this.subscriptions.set(subscription.name, { subscription, from: laterOf(from, to) });
    }
    this.#context.events.missed(this, missed);
  }

  #write({ bytes, deliveries }: Chunk): void {
    const { stats } = this.#context;
    this.#transport.write(bytes);
    this.#stats.delivered += deliveries;
    this.delivered += deliveries;
    stats.writes++;
    stats.writtenBytes += bytes.length;
  }

  #drain(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    while (!this.#transport.full) {
      const missed = queue.takeMissed();
      if (missed !== undefined) this.#miss(missed);
      const chunk = queue.shift();
      if (chunk === undefined) break;
      this.#write(chunk);
    }
    if (!queue.isEmpty) {
      this.#context.slowConsumers.add(this);
      return this.#transport.onceDrained(() => this.#drain());
    }
    this.#queue = undefined;
    this.#context.slowConsumers.delete(this);
  }
}
