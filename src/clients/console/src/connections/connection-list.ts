import type { HubEvent } from '@belfry/client';
import { compareCursors } from '../../../../model/cursor.ts';
import type { Connection } from './connection.ts';

/** How many connections that ended are remembered, for rows that still stand on the page. */
const GONE_MAX = 5_000;

/** How many connections are held at most, in a hub that has more than one answer names. Those that come later are left out. */
const HERE_MAX = 20_000;

/** The connections as the hub told of them: by a list, then by events. It does not matter which of the two comes first. */
export class ConnectionList {
  readonly #here = new Map<string, Connection>();
  readonly #gone = new Map<string, Connection>();
  /** What events changed since the hub was asked for the list. The answer may be older than that. */
  readonly #changed = new Set<string>();
  /** The position at which the list was true. */
  #cursor: string | undefined;
  readonly #takes: (connection: Connection) => boolean;

  /** It leaves out what is not taken. */
  constructor(takes: (connection: Connection) => boolean = () => true) {
    this.#takes = takes;
  }

  get size(): number {
    return this.#here.size;
  }

  /** Those that are connected. */
  values(): IterableIterator<Connection> {
    return this.#here.values();
  }

  get(id: string): Connection | undefined {
    return this.#here.get(id);
  }

  /** A connection that ended lately, with the reason if the hub told it. */
  ended(id: string): Connection | undefined {
    return this.#gone.get(id);
  }

  /** To be called before the hub is asked for the list. */
  beginRead(): void {
    this.#changed.clear();
  }

  /** Takes the answer. What it does not have is gone, except for what came by an event since it was asked for. */
  replace(connections: Iterable<Connection>, cursor: string | undefined): void {
    const listed = new Set<string>();
    for (const connection of connections) {
      listed.add(connection.Id);
      if (!this.#changed.has(connection.Id) && this.#takes(connection)) this.#enter(connection);
    }
    for (const [id, connection] of this.#here)
      if (!listed.has(id) && !this.#changed.has(id)) this.#leave(connection);
    this.#cursor = cursor;
    this.#changed.clear();
  }

  /** Takes an event `connections.create`, `.update` or `.delete`. */
  apply(event: HubEvent): void {
    const { id, action, object } = event;
    // The list already has what happened up to its position.
    if (id !== undefined && this.#cursor !== undefined && compareCursors(id, this.#cursor) <= 0) return;
    const connection = object as Connection;
    this.#changed.add(connection.Id);
    if (action === 'delete') this.#leave(connection);
    else if (this.#takes(connection)) this.#enter(connection);
    else this.#leave(connection);
  }

  /** Takes newer records of connections that are here. Those of the asked that have none are gone. */
  refresh(asked: readonly string[], records: readonly Connection[]): void {
    const missing = new Set(asked);
    for (const record of records) {
      missing.delete(record.Id);
      if (this.#here.has(record.Id)) this.#here.set(record.Id, record);
    }
    for (const id of missing) {
      const before = this.#here.get(id);
      if (before !== undefined) this.#leave(before);
    }
  }

  #enter(connection: Connection): void {
    const known = this.#here.get(connection.Id);
    if (known === undefined && this.#here.size >= HERE_MAX) return;
    const { Deliveries = known?.Deliveries } = connection;
    this.#here.set(connection.Id, Deliveries === undefined ? connection : { ...connection, Deliveries });
    this.#gone.delete(connection.Id);
  }

  #leave(connection: Connection): void {
    const { Id } = connection;
    const known = this.#here.get(Id);
    if (known === undefined) return;
    this.#here.delete(Id);
    this.#gone.set(Id, { ...known, ...connection });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_MAX && oldest !== undefined) this.#gone.delete(oldest);
  }
}
