/** A connection, as `GET /api/v3/connections` and the events `connections.*.*` have it. */
export interface Connection {
  readonly Type: 'websocket' | 'stream' | 'api';
  /** `ip:port` of the client. */
  readonly RemoteAddr: string;
  readonly Principal: string;
  /** RFC 3339, in UTC. */
  readonly CreateTime: string;
  /** When its token expires, or `null` if it never does. */
  readonly ExpiresAt: string | null;
  readonly Id: string;
  readonly Node: string;
  /** Empty for the type `api`. */
  readonly Dialect: string;
  /** As they were when the hub told of the connection. No event tells when they change. */
  readonly Patterns: readonly string[];
  readonly UserAgent: string;
  /** Only in `connections.delete`: how it ended. */
  readonly Reason?: string;
  /** Only where `?detail=deliveries` asked for it; `null` if its node did not answer. */
  readonly Deliveries?: Deliveries | null;
}

/** What became of the deliveries to a connection. */
export interface Deliveries {
  readonly Delivered: number;
  readonly Dropped: number;
  readonly Queued: number;
  readonly QueuedBytes: number;
  /** RFC 3339, or `null` while it keeps up. */
  readonly LaggingSince: string | null;
}

/** The principal of all connections that came without a token. */
export const ANONYMOUS = 'unknown';

/** Which kinds of connections are looked at beside sockets and streams of principals. */
export interface Kinds {
  /** Connections without a token. */
  readonly anonymous: boolean;
  /** Callers of the REST API. */
  readonly rest: boolean;
}

export function isOfKind({ Principal, Type }: Connection, { anonymous, rest }: Kinds): boolean {
  return (anonymous || Principal !== ANONYMOUS) && (rest || Type !== 'api');
}

/** How it is named in the counts: its dialect, or what a caller of the REST API is called. */
export function dialectOf({ Dialect, Type }: Connection): string {
  return Dialect === '' ? Type : Dialect;
}
