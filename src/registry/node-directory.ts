/** What a node says of itself, with each renewal of its lease. */
export interface NodeReport {
  /** As `BELFRY_NODE` names it; two nodes may carry one name by mistake. */
  readonly name: string;
  readonly version: string;
  /** When it started; RFC 3339, by its own clock. */
  readonly since: string;
  /** Of all settings that nodes of one Redis should share: equal where all of those are. */
  readonly digest: string;
  /** Sockets and streams that it holds. */
  readonly connections: number;
  /** Whether it takes connections and hears what is published. */
  readonly ready: boolean;
  /** What is wrong with it beside others, a sentence each. */
  readonly warnings: readonly string[];
}

/** A node whose lease has not ended. */
export interface NodeRecord extends NodeReport {
  /** Its name and a word of its process, which no other one ever has. */
  readonly id: string;
  /** When its lease ends, in milliseconds by the clock of Redis: later with each renewal. */
  readonly leaseEndsAt: number;
}

/** By the name of a setting, a short hash of its value. */
export type SettingHashes = Readonly<Record<string, string>>;

/** The nodes that share a Redis, the asked one included. Each rejects with BelfryError `unavailable`. */
export interface NodeDirectory {
  /** Of this node. */
  readonly id: string;
  /** In the order of their names. */
  nodes(): Promise<readonly NodeRecord[]>;
  /** The settings of one of them; `undefined` when it is gone. */
  settingsOf(id: string): Promise<SettingHashes | undefined>;
  /** What Redis does when it is full, in its own words; `undefined` where it does not say, or there is none. */
  evictionPolicy(): Promise<string | undefined>;
}

/** What a node tells the registry of itself. */
export interface OwnReport {
  readonly digest: string;
  readonly settings: SettingHashes;
  /** As it is now. */
  report(): NodeReport;
}
