import type { Epoch, Fans } from '../model/shards.ts';

/** Dividing a hub into another number of shards while it runs. */
export interface Reshard {
  /**
   * Begins to divide the hub anew. Its nodes go on by themselves, whatever becomes of this one.
   * @throws BelfryError `unavailable`, and `reshard_refused` with the reason
   */
  reshard(count: number, fans: Fans): Promise<void>;
  /** How far that has come. @throws BelfryError `unavailable` */
  division(): Promise<Division>;
}

/** Into which shards a hub is divided, as a node knows it. */
export interface Division {
  /** The shards that take new events. */
  readonly stored: Epoch;
  /** The shards into which the hub is being divided. */
  readonly next: Epoch | undefined;
  /** The newest shards whose events this node delivers. */
  readonly delivered: Epoch;
}
