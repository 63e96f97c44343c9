import type { Dialect, Session } from '../dialects/dialect.ts';
import type { ConnectionType } from '../registry/registry.ts';

/** A client before it is attached: what the gateway knows of it. */
export interface ConnectionInfo {
  /** No other connection has it, at any time. */
  readonly id: string;
  readonly type: ConnectionType;
  /** `ip:port` of the client, by which operators know it. */
  readonly remoteAddr: string;
  /** As the client gave it. */
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  readonly createTime: number;
  readonly dialect: Dialect;
  readonly session: Session;
}
