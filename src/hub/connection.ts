import type { Dialect, Opening, Subscription } from '../dialects/dialect.ts';
import { CLOSE, type Close } from '../model/close.ts';
import type { Cursor } from '../model/cursor.ts';
import type { Identity } from '../model/principal.ts';
import type { Cohort } from './cohort.ts';
import type { Chunk } from './frame.ts';
import { DeliveryQueue, type QueueBounds } from './queue.ts';
import type { Stats } from './stats.ts';

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
  /** It closes itself, before its socket has gone. */
  closes(connection: Connection, why: Close): void;
}

/** What all connections of a node share. */
export interface ConnectionContext {
  readonly events: ConnectionEvents;
  readonly bounds: QueueBounds;
  readonly stats: Stats;
}

/** A subscription, and from which place in the log on the client has heard what it admits. */
export interface Heard {
  readonly subscription: Subscription;
  readonly from: Cursor;
}

/** One client attached to this node. */
export class Connection {
  /** `ip:port` of the client, by which operators know it. */
  readonly remoteAddr: string;
  readonly dialect: Dialect;
  readonly heartbeat: Opening['heartbeat'];
  identity: Identity;
  /** By name. */
  readonly subscriptions = new Map<string, Heard>();
  cohort: Cohort | undefined;

  readonly #outlet: Outlet;
  readonly #context: ConnectionContext;
  /** Present while it lags. */
  #queue: DeliveryQueue | undefined;
  #open = true;

  constructor(
    remoteAddr: string,
    dialect: Dialect,
    opening: Opening,
    outlet: Outlet,
    context: ConnectionContext,
  ) {
    this.remoteAddr = remoteAddr;
    this.dialect = dialect;
    this.identity = opening.identity;
    this.heartbeat = opening.heartbeat;
    this.#outlet = outlet;
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get lags(): boolean {
    return this.#queue !== undefined;
  }

  /** Writes at once while the socket keeps up; queues while it does not; closes with 4008 when the queue is full. */
  send(chunk: Chunk): void {
    if (!this.#open) return;
    if (this.#queue === undefined) {
      if (!this.#outlet.full) return this.#write(chunk);
      this.#queue = new DeliveryQueue(this.#context.bounds);
      this.#context.events.lags(this);
      this.#outlet.onceDrained(this.#drain);
    }
    if (this.#queue.push(chunk)) return;
    this.#context.stats.droppedSlow += chunk.deliveries;
    this.#context.stats.slowCloses++;
    this.close(CLOSE.tooSlow);
  }

  /** Ends it from this side; what was not yet handed to the socket is dropped. */
  close(why: Close): void {
    if (!this.#open) return;
    this.markClosed();
    this.#context.events.closes(this, why);
    this.#outlet.close(why.code, why.reason);
  }

  /** The socket is gone, or is about to be. */
  markClosed(): void {
    this.#open = false;
    this.#context.stats.droppedSlow += this.#queue?.deliveries ?? 0;
    this.#queue = undefined;
  }

  #write({ bytes, deliveries }: Chunk): void {
    this.#outlet.write(bytes);
    this.#context.stats.delivered += deliveries;
  }

  readonly #drain = (): void => {
    const queue = this.#queue;
    if (queue === undefined) return;
    while (!this.#outlet.full) {
      const chunk = queue.shift();
      if (chunk === undefined) break;
      this.#write(chunk);
    }
    if (!queue.isEmpty) {
      this.#context.events.lags(this);
      return this.#outlet.onceDrained(this.#drain);
    }
    this.#queue = undefined;
    this.#context.events.caughtUp(this);
  };
}
