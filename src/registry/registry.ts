import { bound } from '../model/bound.ts';
import { BelfryError, type Limit } from '../model/errors.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import type { ConnectionQuery } from './connection-query.ts';

/**
 * One connection as the registry shows it. The first six fields are those of DRP's own `Connection`, and all are written as
 * it spells them.
 */
export interface ConnectionRecord {
  readonly Type: ConnectionType;
  /** `ip:port`; two connections may show the same one on two nodes. */
  readonly RemoteAddr: string;
  readonly Principal: Principal;
  /** RFC 3339, in UTC. */
  readonly CreateTime: string;
  /** When its token ends; `null` when it does not. */
  readonly ExpiresAt: string | null;
  /** Unlike that of any other connection, at any time. Holds no colon. */
  readonly Id: string;
  /** Name of the node that holds it. */
  readonly Node: string;
  /** Empty for `api`. */
  readonly Dialect: string;
  /** What it is subscribed to, as it was written; beyond a hundred only how many more there are. */
  readonly Patterns: readonly string[];
  /** As the client said, at most 200 characters. */
  readonly UserAgent: string;
}

/**
 * A socket, a stream of server-sent events, or a connection that asks REST. The last one counts for no limit and for
 * nobody's presence.
 */
export type ConnectionType = 'websocket' | 'stream' | 'api';

/** Whether a connection stays to hear: then limits count it, and its principal is present. */
export function isPresence({ Type }: Pick<ConnectionRecord, 'Type'>): boolean {
  return Type !== 'api';
}

/** How many connections there may be; absent means any number. They hold across nodes. */
export interface RegistryLimits {
  /** Of one principal in one dialect; those of nobody known are not counted. */
  readonly perPrincipal?: number;
  /** Of one IP address, whatever its port. */
  readonly perAddress?: number;
}

/**
 * Whether what happens to a connection goes into the log, as far as the registry's share of that reaches. A caller of REST
 * and a stranger come and go as often as they like, and would push out what others published. Who signed in is logged even where
 * the token lets them publish nothing: most who are online may only hear, and whoever lists them goes on from the cursor of
 * the list, by what the log has. They too can fill no more than the registry's share, and take that from each other alone.
 */
export function isLogged(record: Pick<ConnectionRecord, 'Type' | 'Principal'>): boolean {
  return isPresence(record) && record.Principal !== UNKNOWN;
}

export interface ConnectionPage {
  readonly records: readonly ConnectionRecord[];
  /** How many the caller could see without filters, offset and limit. */
  readonly total: number;
}

/** Connections that the presence of one principal names; of more it names the first, in the order of addresses. */
export const PRESENCE_CONNECTIONS_MAX = bound(
  'connections that the presence of a principal names',
  1_000,
  'entries',
  'the others are left out; the list of connections has them',
);

/** Whether somebody is there: has at least one connection that is no `api` one, or had one a moment ago. */
export interface Presence {
  readonly principal: Principal;
  readonly online: boolean;
  /** When the connection came, or went, since which it is so; RFC 3339. `null` for one who was never seen, or long ago. */
  readonly since: string | null;
  /** Now, for who is online. */
  readonly lastSeen: string | null;
  /** Without `api` ones, and no more than {@link PRESENCE_CONNECTIONS_MAX}. */
  readonly connections: readonly ConnectionRecord[];
}

/** What the events of presence say, and the list of all who are online. */
export type Seen = Omit<Presence, 'connections'>;

/** Whose presence is listed, as far as the caller may see them, in the order of their names. */
export interface OnlineQuery {
  readonly visible: 'all' | readonly Principal[];
  readonly offset: number;
  readonly limit: number;
}

export interface OnlinePage {
  readonly online: readonly Seen[];
  /** How many the caller could see without offset and limit. */
  readonly total: number;
}

/**
 * The registry: every connection of every node. Each change of it is told as an event, exactly once: `connections.create`,
 * `connections.update` and `connections.delete` with the principal as key and the record as object (a delete also says
 * the `Reason`), `presence.online` and `presence.offline` with what {@link Presence} says but its connections. Those that
 * {@link isLogged} says enter the log within the registry's share of it; the others are told live only.
 */
export interface Registry {
  /**
   * Puts a connection of this node in the registry, if there is room for it.
   * @throws BelfryError `limit_reached`, or `unavailable` when the registry cannot be reached
   */
  add(record: ConnectionRecord, limits: RegistryLimits): Promise<void>;
  /**
   * Replaces the record of the same id. Where principal or expiry are others than before that is told, and the limits
   * count for a new principal. Throws what {@link add} throws; nothing has changed then.
   */
  update(record: ConnectionRecord, limits: RegistryLimits): Promise<void>;
  /** Takes a connection of this node out of the registry, now or as soon as the registry can be reached; unknown ids are nothing. */
  remove(id: string, reason: string): void;
  /** @throws BelfryError `unavailable` */
  list(query: ConnectionQuery): Promise<ConnectionPage>;
}

/** Who is there, as the registry has it. Each rejects with BelfryError `unavailable`. */
export interface PresenceReader {
  presence(principal: Principal): Promise<Presence>;
  online(query: OnlineQuery): Promise<OnlinePage>;
}

/** A registry works between the two. */
export interface Lifecycle {
  start(): Promise<void>;
  /** Takes out of the registry what this node still has on it. */
  stop(): Promise<void>;
}

/** How long somebody may be gone before that is told, so that a reconnect is no news. */
export const PRESENCE_GRACE_MS = 10_000;
/** How long it is known when somebody was last seen. */
export const SEEN_MS = bound(
  'time for which it is known when somebody was last seen',
  7 * 24 * 3_600_000,
  'ms',
  'it is forgotten',
);

/** What the refusals of every registry say. */
export function limitReached(limit: Limit, what: string, max: number): BelfryError {
  return new BelfryError(
    'limit_reached',
    `There are ${max} connections of ${what} already. Expected you to close one, or to try later.`,
    { limit },
  );
}
