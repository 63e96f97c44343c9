/** A node as `GET /api/v3/nodes` tells of it. */
export interface NodeReport {
  readonly name: string;
  readonly version: string;
  readonly since: string;
  readonly digest: string;
  readonly connections: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly p99Ms: number;
  readonly lagMs: number;
  readonly ready: boolean;
  readonly warnings: readonly string[];
  /** Where it was asked for; `null` when the node did not answer. */
  readonly status?: NodeStatus | null;
}

/** What a node says of itself when it is asked. The counts are those since its start, if not said otherwise. */
export interface NodeStatus {
  /** How many it has now, by dialect. */
  readonly connections: Readonly<Record<string, number>>;
  /** Connections that do not keep up now, and what waits for them. */
  readonly slow: number;
  readonly queued: number;
  readonly queuedBytes: number;
  /** By dialect. */
  readonly deliveries: Readonly<
    Record<string, { readonly droppedSlow: number; readonly conflated: number; readonly delivered: number }>
  >;
  readonly events: number;
  readonly published: number;
  readonly gapsDetected: number;
  readonly gapsRepaired: number;
  /** Whether events flowed in its last probe through Redis, and how long that took. */
  readonly healthy: boolean;
  readonly probeMs: number;
  readonly refusing: string | null;
  readonly memoryBytes: number;
  readonly redisVersion: string | null;
}
