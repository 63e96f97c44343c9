import type { Broker, History } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close.ts';
import { compareCursors, type Cursor } from '../model/cursor.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Identity } from '../model/principal.ts';
import { Redaction } from '../model/redaction.ts';
import { Allowance } from './allowance.ts';
import type { Cohort } from './cohort.ts';
import { Cohorts } from './cohorts.ts';
import { Connection, type ConnectionInfo, type ConnectionContext } from './connection.ts';
import type { Transport } from './transport.ts';
import { Deadlines } from './deadlines.ts';
import { EncodedEvent } from './encoded.ts';
import { Encodings } from './encodings.ts';
import { Flushes, type Fault } from './flushes.ts';
import { Joiner } from './joiner.ts';
import { SlowConsumers } from './slow-consumers.ts';
import { Older } from './older.ts';
import type { QueueBounds } from './queue.ts';
import { Recent } from './recent.ts';
import { patternsOf, ConnectionRegistry, type ConnectionRegistryOptions } from './connection-registry.ts';
import { Stats } from './stats.ts';

export interface HubOptions extends ConnectionRegistryOptions {
  readonly broker: Broker;
  readonly history: History;
  readonly clock: Clock;
  readonly queue: QueueBounds;
  /** A socket that takes nothing for so long is closed with 4008, even if its queue is not full. */
  readonly writeTimeoutMs: number;
  readonly recentMaxEvents: number;
  /** What is masked for whom as an event goes out; nothing where absent. */
  readonly redaction?: Redaction;
  readonly fault?: Fault;
}

/**
 * The way of an event on one node: from the broker, through the router, to the cohorts, and at the flush to every
 * connection that hears it.
 */
export class Hub {
  readonly registry: ConnectionRegistry;
  readonly stats = new Stats();
  readonly recent: Recent;
  readonly older: Older;
  readonly encodings: Encodings;
  readonly connections = new Set<Connection>();
  /** How many of them are of nobody known. */
  anonymous = 0;

  readonly #options: HubOptions;
  readonly #cohorts: Cohorts;
  readonly #context: ConnectionContext;
  readonly #slowConsumers: SlowConsumers;
  readonly #deadlines: Deadlines;
  readonly #flushes: Flushes;
  readonly #joiner: Joiner;

  constructor(options: HubOptions) {
    this.#options = options;
    this.registry = new ConnectionRegistry(options);
    this.recent = new Recent(options.recentMaxEvents);
    this.older = new Older(this);
    this.encodings = new Encodings(this.stats, options.clock);
    this.#slowConsumers = new SlowConsumers(options.clock, options.writeTimeoutMs);
    this.#deadlines = new Deadlines(options.clock);
    const { clock, fault = () => undefined } = options;
    this.#joiner = new Joiner(options.queue.maxBytes);
    this.#cohorts = new Cohorts(this.stats, this.#joiner);
    const [cohorts, joiner] = [this.#cohorts, this.#joiner];
    this.#flushes = new Flushes({ clock, stats: this.stats, cohorts, joiner, fault });
    this.#context = {
      bounds: options.queue,
      allowance: new Allowance(),
      redaction: options.redaction ?? Redaction.none,
      stats: this.stats,
      events: {
        isSlow: (connection) => this.#slowConsumers.add(connection),
        caughtUp: (connection) => this.#slowConsumers.delete(connection),
        missed: (connection, { from = null, to = null, dropped }) =>
          this.tell(connection, 'gap', from ?? '', { from, to, reason: 'slow', dropped }),
        leaves: (connection) => this.#cohorts.leave(connection),
        closes: (connection, { code, reason }) => this.detach(connection, `${code} ${reason}`),
      },
    };
  }

  get history(): History {
    return this.#options.history;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  async start(): Promise<void> {
    this.#slowConsumers.start();
    this.#deadlines.start();
    const position = await this.#options.broker.start((event) => this.deliver(event));
    // Something may have been delivered before this turn; the recent events then stand after it already.
    if (compareCursors(position, this.recent.position) > 0) this.recent.startAt(position);
  }

  /** Sends what waits, closes every connection, and stops listening to the broker. */
  async stop(): Promise<void> {
    this.flush();
    for (const connection of this.connections) connection.close(CLOSE.draining);
    this.#slowConsumers.stop();
    this.#deadlines.stop();
    await this.#options.broker.stop();
  }

  /** What the broker calls for every event. Never throws. */
  deliver(event: HubEvent): void {
    this.stats.events++;
    this.recent.push(event);
    const encoded = new EncodedEvent(event, this.stats);
    if (event.type === HUB_TYPE) return this.#deliverToAll(encoded);
    const matched = this.#cohorts.match(event);
    this.stats.matches += matched.length;
    for (const cohort of matched) this.#offer(cohort, encoded);
  }

  /** What goes wrong with one cohort concerns no other, and least of all the connection that the event came from. */
  #offer(cohort: Cohort, encoded: EncodedEvent): void {
    const { event } = encoded;
    const wasEmpty = cohort.isEmpty;
    try {
      // Who was not given an event meets nothing that comes of it.
      if (!cohort.offer(encoded)) return;
      if (wasEmpty) this.#flushes.wait(cohort, event);
      const closesAfterMs = cohort.encoding.closesAfterMs?.(event);
      if (closesAfterMs !== undefined) this.#endAfter(closesAfterMs, cohort);
    } catch (error) {
      this.#options.fault?.(error);
    }
  }

  /** A client that is in the registry already; `deflate` where it agreed to that. */
  attach(info: ConnectionInfo, transport: Transport, deflate = false): Connection {
    const { subscriptions, authWithinMs } = info.session;
    const connection = new Connection(info, transport, this.#context, deflate);
    connection.listed = patternsOf(subscriptions);
    this.connections.add(connection);
    if (connection.isAnonymous) this.anonymous++;
    if (authWithinMs === undefined) this.#deadlines.identified(connection);
    else this.#deadlines.awaitAuth(connection, authWithinMs);
    return connection;
  }

  /** Forgets a connection whose socket is gone, or is about to be, and takes it out of the registry. */
  detach(connection: Connection, why: string): void {
    if (!this.connections.delete(connection)) return;
    if (connection.isAnonymous) this.anonymous--;
    this.#cohorts.leave(connection);
    connection.markClosed();
    this.#slowConsumers.delete(connection);
    this.#deadlines.delete(connection);
    this.registry.remove(connection, why);
  }

  /**
   * Changes what a connection hears: it hears nothing from before it joined and misses nothing from before it left; a
   * reply sent by `change` goes out between the two.
   */
  change(connection: Connection, change: () => void): void {
    this.#cohorts.change(connection, change);
    if (connection.isOpen) this.registry.changed(connection);
  }

  /**
   * Tells one connection something of its own, as an event of the type `belfry`, in the words of its dialect. Returns
   * whether that has any.
   */
  tell(connection: Connection, action: string, key: string, object: Json): boolean {
    const time = new Date(this.#options.clock.now()).toISOString();
    const event: HubEvent = { time, type: HUB_TYPE, action, key, object, size: 0 };
    return this.sendTo(connection, new EncodedEvent(event, this.stats)) > 0;
  }

  /** Events to one connection, past its cohort and in one write: replies and replays. Returns how many went out. */
  sendTo(connection: Connection, ...events: readonly EncodedEvent[]): number {
    if (!connection.isOpen) return 0;
    const { encoding, deflate, view } = connection;
    const frames = events.flatMap((encoded) => encoded.seenBy(view).frame(encoding, deflate) ?? []);
    const deliveries = this.stats.of(connection.dialect.name);
    deliveries.received += events.length;
    deliveries.unsupported += events.length - frames.length;
    if (frames.length > 0) connection.send(this.#joiner.joined(frames));
    return frames.length;
  }

  /** Resolves when the connection has sent what it was given, or is closed. */
  drained(connection: Connection): Promise<void> {
    return this.#slowConsumers.end(connection);
  }

  /** Closed by this, where the principal has too many. @throws BelfryError `unavailable`; nothing has changed then */
  async identify(connection: Connection, identity: Identity): Promise<void> {
    await this.registry.identify(connection, identity);
    if (!connection.isOpen) return;
    const wasAnonymous = connection.isAnonymous;
    this.change(connection, () => connection.identify(identity, this.position));
    this.anonymous += Number(connection.isAnonymous) - Number(wasAnonymous);
    if (connection.isOpen) this.#deadlines.identified(connection);
  }

  get position(): Cursor {
    return this.recent.position;
  }

  flush(): void {
    this.#flushes.flush();
  }

  /** What the hub itself has to say concerns everybody whose dialect supports it. */
  #deliverToAll(encoded: EncodedEvent): void {
    this.stats.gaps++;
    for (const cohort of this.#cohorts) {
      const wasEmpty = cohort.isEmpty;
      if (cohort.tell(encoded) && wasEmpty) this.#flushes.wait(cohort);
    }
  }

  /** What its members were given by then still goes out first. */
  #endAfter(ms: number, cohort: Cohort): void {
    this.#options.clock.after(ms, () => {
      cohort.flush();
      for (const connection of this.connections) {
        if (connection.cohort !== cohort) continue;
        void this.drained(connection).then(() => connection.close(CLOSE.normal));
      }
    });
  }
}
