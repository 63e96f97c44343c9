/** A node as `GET /api/v3/nodes` tells of it. */
export interface NodeReport {
  readonly name: string;
  readonly version: string;
  readonly since: string;
  readonly digest: string;
  readonly connections: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly lagMs: number;
  readonly ready: boolean;
  readonly warnings: readonly string[];
  /** Where it was asked for; `null` when the node did not answer. */
  readonly status?: { readonly redisVersion: string | null } | null;
}
