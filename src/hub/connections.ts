import type { Identity } from '../model/principal.ts';
import type { Cohorts } from './cohorts.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { ConnectionRegistry, patternsOf, type ConnectionRegistryOptions } from './connection-registry.ts';
import type { AuthDeadlines } from './auth-deadlines.ts';
import type { Delivery } from './delivery.ts';
import type { EventLog } from './event-log.ts';
import type { Transport } from './transport.ts';

/** What became of the deliveries to a connection since it was attached. */
export interface DeliveryState {
  readonly delivered: number;
  /** Left out because the client was slow. */
  readonly dropped: number;
  /** What waits in its own queue, while it is slow. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** For how long it has been slow, in milliseconds; `null` while it keeps up. */
  readonly laggingMs: number | null;
}

interface ConnectionsOptions extends ConnectionRegistryOptions {
  readonly context: Omit<ConnectionContext, 'events'>;
  readonly cohorts: Pick<Cohorts, 'change' | 'leave'>;
  readonly deadlines: AuthDeadlines;
  readonly delivery: Pick<Delivery, 'tell'>;
  readonly eventLog: Pick<EventLog, 'position'>;
}

/** The connections of this node, from the moment they are registered until they are detached. */
export class Connections implements Iterable<Connection> {
  readonly #context: ConnectionContext;
  readonly #registry: ConnectionRegistry;
  readonly #cohorts: Pick<Cohorts, 'change' | 'leave'>;
  readonly #deadlines: AuthDeadlines;
  readonly #eventLog: Pick<EventLog, 'position'>;
  readonly #attached = new Set<Connection>();
  #anonymous = 0;

  constructor(options: ConnectionsOptions) {
    const { context, cohorts, deadlines, delivery, eventLog } = options;
    this.#registry = new ConnectionRegistry(options);
    this.#cohorts = cohorts;
    this.#deadlines = deadlines;
    this.#eventLog = eventLog;
    this.#context = {
      ...context,
      events: {
        missed: (connection, { from = null, to = null, dropped }) =>
          delivery.tell(connection, 'gap', from ?? '', { from, to, reason: 'slow', dropped }),
        leaves: (connection) => cohorts.leave(connection),
        closes: (connection, { code, reason }) => this.detach(connection, `${code} ${reason}`),
      },
    };
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#attached.values();
  }

  get size(): number {
    return this.#attached.size;
  }

  /** How many of them have no known principal. */
  get anonymous(): number {
    return this.#anonymous;
  }

  /** Puts a client in the registry before it is attached. Rejects with what {@link Registry.add} rejects with. */
  register(info: ConnectionInfo): Promise<void> {
    return this.#registry.add(info);
  }

  /** Takes a client out of the registry that was registered and never attached. */
  unregister(info: ConnectionInfo, why: string): void {
    this.#registry.giveBack(info, why);
  }

  /** Makes a connection of a registered client. `deflate` says that the client agreed to compression. */
  attach(info: ConnectionInfo, transport: Transport, deflate = false): Connection {
    const { subscriptions, authWithinMs } = info.session;
    const connection = new Connection(info, transport, this.#context, deflate);
    connection.listed = patternsOf(subscriptions);
    this.#attached.add(connection);
    if (connection.isAnonymous) this.#anonymous++;
    if (authWithinMs === undefined) this.#deadlines.identified(connection);
    else this.#deadlines.awaitAuth(connection, authWithinMs);
    return connection;
  }

  /** Notes that a token with which the connection tried to sign in was not valid. */
  rejected(connection: Connection): void {
    this.#deadlines.rejected(connection);
  }

  /** Forgets a connection whose socket is gone, or is about to be, and takes it out of the registry. */
  detach(connection: Connection, why: string): void {
    if (!this.#attached.delete(connection)) return;
    if (connection.isAnonymous) this.#anonymous--;
    this.#cohorts.leave(connection);
    connection.markClosed();
    this.#context.slowConsumers.delete(connection);
    this.#deadlines.delete(connection);
    this.#registry.remove(connection, why);
  }

  deliveryStateOf(connection: Connection): DeliveryState {
    const { delivered, dropped, queued } = connection;
    const laggingMs = this.#context.slowConsumers.laggingMs(connection) ?? null;
    const { deliveries = 0, bytes = 0 } = queued ?? {};
    return { delivered, dropped, queued: deliveries, queuedBytes: bytes, laggingMs };
  }

  /**
   * Changes the subscriptions of a connection. It hears nothing from before it joined its new cohort and misses nothing
   * from before it left the old one. A reply that is sent by `change` goes out between the two.
   */
  change(connection: Connection, change: () => void): void {
    this.#cohorts.change(connection, change);
    if (connection.isOpen) this.#registry.changed(connection);
  }

  /**
   * Gives a connection another identity. It is closed instead where the principal has too many connections.
   * @throws BelfryError `unavailable`; nothing has changed then
   */
  async identify(connection: Connection, identity: Identity): Promise<void> {
    await this.#registry.identify(connection, identity);
    if (!connection.isOpen) return;
    const wasAnonymous = connection.isAnonymous;
    this.change(connection, () => connection.identify(identity, this.#eventLog.position));
    this.#anonymous += Number(connection.isAnonymous) - Number(wasAnonymous);
    if (connection.isOpen) this.#deadlines.identified(connection);
  }
}
