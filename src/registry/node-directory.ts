/** What a node reports about itself with each renewal of its lease. */
export interface NodeReport {
  /** The name from `BELFRY_NODE`; two nodes may have the same one by mistake. */
  readonly name: string;
  readonly version: string;
  /** When the node started; RFC 3339, by its own clock. */
  readonly since: string;
  /** A digest of all settings that the nodes on one Redis should share. */
  readonly digest: string;
  /** How many sockets and streams the node holds. */
  readonly connections: number;
  /** Events that it heard, and deliveries that it wrote to connections, in the last five seconds. */
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** How long 99 of 100 flushes took at most from the log to the last write, and the longest, likewise. */
  readonly p99Ms: number;
  readonly lagMs: number;
  /** Whether the node accepts connections and hears what is published. */
  readonly ready: boolean;
  /** The warnings of the node, one sentence each. */
  readonly warnings: readonly string[];
}

/** A node whose lease has not expired. */
export interface NodeRecord extends NodeReport {
  /** The name of the node and a random word of its process, so that no two processes share an id. */
  readonly id: string;
  /** When its lease expires, in milliseconds by the clock of Redis; each renewal moves it on. */
  readonly leaseEndsAt: number;
}

/** A short hash of each setting, by the name of the setting. */
export type SettingHashes = Readonly<Record<string, string>>;

/**
 * The seam that lists the nodes on one Redis, this node included. Each method may reject with BelfryError
 * `unavailable`.
 */
export interface NodeDirectory {
  /** The id of this node. */
  readonly id: string;
  /** All nodes with a valid lease, in the order of their names. */
  nodes(): Promise<readonly NodeRecord[]>;
  /** The settings of one node; `undefined` when it is gone. */
  settingsOf(id: string): Promise<SettingHashes | undefined>;
  /** What Redis says of itself. Everything is absent where there is no Redis. */
  redisFacts(): Promise<RedisFacts>;
}

/** Each in the words of Redis, and absent where it does not say. */
export interface RedisFacts {
  readonly version?: string | undefined;
  readonly evictionPolicy?: string | undefined;
}

/** What this node reports to the registry. */
export interface OwnReport {
  readonly digest: string;
  readonly settings: SettingHashes;
  /** The report as of now. */
  report(): NodeReport;
}
