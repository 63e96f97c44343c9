import type { Dialect, Session } from '../dialects/dialect.ts';
import type { ConnectionType } from '../registry/registry.ts';

/** What the gateway knows of a client before it is attached. */
export interface ConnectionInfo {
  /** An id that no other connection has at any time. */
  readonly id: string;
  readonly type: ConnectionType;
  /** `ip:port` of the client, by which operators know it. */
  readonly remoteAddr: string;
  /** The user agent as the client stated it. */
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  readonly createTime: number;
  readonly dialect: Dialect;
  readonly session: Session;
}
