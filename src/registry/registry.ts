import { bound } from '../model/bound.ts';
import { BelfryError, type Limit } from '../model/errors.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import type { ConnectionQuery } from './connection-query.ts';

/**
 * One connection as the registry shows it. The first six fields are those of DRP's own `Connection`, and all names
 * are written in its style.
 */
export interface ConnectionRecord {
  readonly Type: ConnectionType;
  /** `ip:port`; connections on two nodes may have the same one. */
  readonly RemoteAddr: string;
  readonly Principal: Principal;
  /** RFC 3339, in UTC. */
  readonly CreateTime: string;
  /** When its token expires; `null` when it never does. */
  readonly ExpiresAt: string | null;
  /** An id that no other connection has at any time. It holds no colon. */
  readonly Id: string;
  /** The name of the node that holds it. */
  readonly Node: string;
  /** The name of its dialect; empty for the type `api`. */
  readonly Dialect: string;
  /** Its subscriptions as they were written; beyond a hundred only the number of the others. */
  readonly Patterns: readonly string[];
  /** The user agent as the client stated it, at most 200 characters. */
  readonly UserAgent: string;
}

/**
 * A socket, a stream of server-sent events, or a connection that calls the REST API. The last kind counts neither for
 * limits nor for presence.
 */
export type ConnectionType = 'websocket' | 'stream' | 'api';

/** Whether a connection stays open to hear events: then it counts for the limits, and its principal is present. */
export function isPresence({ Type }: Pick<ConnectionRecord, 'Type'>): boolean {
  return Type !== 'api';
}

/** How many connections there may be, over all nodes together; absent means any number. */
export interface RegistryLimits {
  /** Connections of one principal in one dialect; anonymous connections are not counted. */
  readonly perPrincipal?: number;
  /** Connections of one IP address, whatever the port. */
  readonly perAddress?: number;
}

/**
 * Whether the events of a connection go into the log, within the quota of the registry. REST callers and anonymous
 * connections come and go as often as they like, and would push out what others published, so theirs do not. A
 * principal that signed in is logged even when its token permits no publishing: most principals may only subscribe,
 * and a client that lists them continues from the cursor of the list with the events of the log. They too can fill no
 * more than the quota, and take it from each other alone.
 */
export function isLogged(record: Pick<ConnectionRecord, 'Type' | 'Principal'>): boolean {
  return isPresence(record) && record.Principal !== UNKNOWN;
}

export interface ConnectionPage {
  readonly records: readonly ConnectionRecord[];
  /** How many connections the caller could see without filters, offset and limit. */
  readonly total: number;
}

/**
 * The highest number of connections that the presence of one principal names; these are the first in the order of
 * addresses.
 */
export const PRESENCE_CONNECTIONS_MAX = bound(
  'connections that the presence of a principal names',
  1_000,
  'entries',
  'the others are left out; the list of connections has them',
);

/** Whether a principal is online: it has a connection other than of type `api`, or had one a moment ago. */
export interface Presence {
  readonly principal: Principal;
  readonly online: boolean;
  /**
   * Since when the principal has been online or offline; RFC 3339. `null` for a principal that was never seen, or
   * only long ago.
   */
  readonly since: string | null;
  /** The present time for a principal that is online. */
  readonly lastSeen: string | null;
  /** At most {@link PRESENCE_CONNECTIONS_MAX} connections, without those of type `api`. */
  readonly connections: readonly ConnectionRecord[];
}

/** What presence events carry, and the list of all principals that are online. */
export type Seen = Omit<Presence, 'connections'>;

/** Which part of the online principals to list, in the order of their names. */
export interface OnlineQuery {
  readonly visible: 'all' | readonly Principal[];
  readonly offset: number;
  readonly limit: number;
}

export interface OnlinePage {
  readonly online: readonly Seen[];
  /** How many principals the caller could see without offset and limit. */
  readonly total: number;
}

/**
 * The seam of the connection registry, which knows every connection of every node. Each change is told as an event,
 * exactly once: `connections.create`, `connections.update` and `connections.delete` with the principal as key and the
 * record as object (a delete also has the `Reason`), `presence.online` and `presence.offline` with a {@link Presence}
 * without its connections. Events for which {@link isLogged} holds enter the log within the quota of the registry;
 * the others are told live only.
 */
export interface Registry {
  /**
   * Enters a connection of this node, if the limits leave room for it.
   * @throws BelfryError `limit_reached`, or `unavailable` when the registry cannot be reached
   */
  add(record: ConnectionRecord, limits: RegistryLimits): Promise<void>;
  /**
   * Replaces the record of the same id. A change of principal or expiry is told as an event, and the limits apply to
   * a new principal. Throws what {@link add} throws; then nothing has changed.
   */
  update(record: ConnectionRecord, limits: RegistryLimits): Promise<void>;
  /** Removes a connection of this node, now or as soon as the registry can be reached. Unknown ids are ignored. */
  remove(id: string, reason: string): void;
  /** @throws BelfryError `unavailable` */
  list(query: ConnectionQuery): Promise<ConnectionPage>;
}

/** Reads presence from the registry. Each method may reject with BelfryError `unavailable`. */
export interface PresenceReader {
  presence(principal: Principal): Promise<Presence>;
  online(query: OnlineQuery): Promise<OnlinePage>;
}

/** The registry works between `start` and `stop`. */
export interface Lifecycle {
  start(): Promise<void>;
  /** Removes every connection that this node still has in the registry. */
  stop(): Promise<void>;
}

/** For how long a principal may be gone before it counts as offline, so that a reconnect makes no event. */
export const PRESENCE_GRACE_MS = 10_000;
/** For how long the registry knows when a principal was last seen. */
export const SEEN_MS = bound(
  'time for which a node remembers when a principal was last online',
  7 * 24 * 3_600_000,
  'ms',
  'it is forgotten',
);

/** The error of every registry for a connection too many. */
export function limitReached(limit: Limit, what: string, max: number): BelfryError {
  return new BelfryError(
    'limit_reached',
    `There are ${max} connections of ${what} already. Expected you to close one, or to try later.`,
    { limit },
  );
}
