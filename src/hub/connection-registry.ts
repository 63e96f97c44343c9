import type { ConnectionLimits } from '../dialects/dialect.ts';
import type { Clock } from '../model/clock.ts';
import { CLOSE, closeWith } from '../model/close-codes.ts';
import { timeAt } from '../model/cursor.ts';
import { asBelfryError } from '../model/errors.ts';
import { expiryOf, type Identity } from '../model/principal.ts';
import type { ConnectionRecord, Registry, RegistryLimits } from '../registry/registry.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { Connection } from './connection.ts';
import { bound } from '../model/bound.ts';

/**
 * A record names only this many subscriptions with this many characters each, since every change sends the record
 * again.
 */
const PATTERNS_MAX = bound(
  'subscriptions that the list of connections shows of one connection',
  100,
  'entries',
  'the others are shown as their number',
);
const PATTERN_LENGTH_MAX = bound(
  'a subscription that the list of connections shows',
  200,
  'characters',
  'it is cut there',
);
/** After this time the registry is sent again what it could not be sent. */
const AGAIN_MS = 5_000;

export interface ConnectionRegistryOptions {
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'soon' | 'after'>;
  /** The name of this node. */
  readonly node: string;
  /** The limits that a dialect promises count instead of these. */
  readonly registryLimits: RegistryLimits;
}

/**
 * Keeps the connections of this node up to date in the registry of all nodes. A record is made when it is needed, and
 * not kept.
 */
export class ConnectionRegistry {
  readonly #options: ConnectionRegistryOptions;
  /** The connections whose subscriptions changed in this turn. */
  readonly #changed = new Set<Connection>();
  /** The connections whose record the registry could not be told. One timer tries them all again. */
  readonly #untold = new Set<Connection>();
  /** The connections whose record is on its way to the registry. A change meanwhile is told after the answer. */
  readonly #telling = new Set<Connection>();

  constructor(options: ConnectionRegistryOptions) {
    this.#options = options;
  }

  /** Puts a client in the registry before it is attached. Rejects with what {@link Registry.add} rejects with. */
  add(info: ConnectionInfo): Promise<void> {
    const { identity, subscriptions, limits } = info.session;
    const record = this.#record(info, identity, patternsOf(subscriptions));
    return this.#options.registry.add(record, this.#limits(limits));
  }

  /** Takes a client out of the registry that was never attached. */
  giveBack({ id }: ConnectionInfo, why: string): void {
    this.#options.registry.remove(id, why);
  }

  remove(connection: Connection, why: string): void {
    this.#changed.delete(connection);
    this.#untold.delete(connection);
    this.#options.registry.remove(connection.id, why);
  }

  /**
   * Notes that the subscriptions of a connection changed. The registry is told at the end of the turn, once for all
   * changes of the turn.
   */
  changed(connection: Connection): void {
    if (this.#changed.size === 0) this.#options.clock.soon(() => this.#tellChanged());
    this.#changed.add(connection);
  }

  /**
   * Asks the registry whether the principal may have this connection too, and closes the connection with 1013 if the
   * principal has too many. A connection whose principal stays the same does not wait for a registry that cannot be
   * reached: no other connection is concerned, and a token that is not renewed before it expires is lost.
   * @throws BelfryError `unavailable`
   */
  async identify(connection: Connection, identity: Identity): Promise<void> {
    try {
      await this.#update(connection, identity);
    } catch (thrown) {
      const error = asBelfryError(thrown);
      const same = identity.principal === connection.identity.principal;
      if (error.code === 'limit_reached') return connection.close(closeWith(CLOSE.tryLater, error.message));
      if (error.code !== 'unavailable' || !same) throw error;
      this.#tellAgain(connection);
    }
  }

  #tellChanged(): void {
    for (const connection of this.#changed) if (hasChanged(connection)) this.#tell(connection);
    this.#changed.clear();
  }

  /** Tells the registry a change. No command waits for it, or fails with it. */
  #tell(connection: Connection): void {
    if (this.#telling.has(connection)) return;
    this.#telling.add(connection);
    const told = this.#update(connection, connection.identity).catch(() => this.#tellAgain(connection));
    void told.finally(() => {
      this.#telling.delete(connection);
      if (!this.#untold.has(connection) && connection.isOpen && hasChanged(connection))
        this.#tell(connection);
    });
  }

  #tellAgain(connection: Connection): void {
    if (!connection.isOpen) return;
    if (this.#untold.size === 0) this.#options.clock.after(AGAIN_MS, () => this.#tellUntold());
    this.#untold.add(connection);
  }

  #tellUntold(): void {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const connection of untold) this.#tell(connection);
  }

  #update(connection: Connection, identity: Identity): Promise<void> {
    connection.listed = patternsNow(connection);
    const record = this.#record(connection, identity, connection.listed);
    return this.#options.registry.update(record, this.#limits(connection.limits));
  }

  #record(
    { id, type, remoteAddr, userAgent, createTime, dialect }: ConnectionInfo | Connection,
    identity: Identity,
    patterns: readonly string[],
  ): ConnectionRecord {
    return {
      Type: type,
      RemoteAddr: remoteAddr,
      Principal: identity.principal,
      CreateTime: timeAt(createTime),
      ExpiresAt: expiryOf(identity),
      Id: id,
      Node: this.#options.node,
      Dialect: dialect.name,
      Patterns: patterns,
      UserAgent: userAgent,
    };
  }

  #limits({ connectionsPerPrincipal }: ConnectionLimits = {}): RegistryLimits {
    const { registryLimits } = this.#options;
    return connectionsPerPrincipal === undefined
      ? registryLimits
      : { ...registryLimits, perPrincipal: connectionsPerPrincipal };
  }
}

/** The names of subscriptions, as a record shows them. */
export function patternsOf(subscriptions: readonly { readonly name: string }[]): string[] {
  const [only] = subscriptions;
  if (subscriptions.length === 1 && only !== undefined) return [shortened(only.name)];
  return listed(
    subscriptions.slice(0, PATTERNS_MAX).map(({ name }) => name),
    subscriptions.length,
  );
}

function patternsNow({ subscriptions }: Connection): string[] {
  return listed(subscriptions.keys(), subscriptions.size);
}

function listed(names: Iterable<string>, count: number): string[] {
  const shown: string[] = [];
  for (const name of names) {
    if (shown.length === PATTERNS_MAX) return [...shown, others(count)];
    shown.push(shortened(name));
  }
  // A list that has grown has spare room, which each connection would keep.
  return [...shown];
}

/** This is asked after each change, so it makes no list of what has not changed. */
function hasChanged({ subscriptions, listed: before }: Connection): boolean {
  const { size } = subscriptions;
  if (before.length !== Math.min(size, PATTERNS_MAX + 1)) return true;
  let at = 0;
  for (const name of subscriptions.keys()) {
    if (at === PATTERNS_MAX) return before[at] !== others(size);
    if (shortened(name) !== before[at++]) return true;
  }
  return false;
}

function others(count: number): string {
  return `and ${count - PATTERNS_MAX} more`;
}

function shortened(name: string): string {
  return name.length > PATTERN_LENGTH_MAX ? `${name.slice(0, PATTERN_LENGTH_MAX)}…` : name;
}
