import type { Holder, Lease } from '../model/lease.ts';

/**
 * The seam of leases. A publish that names a lease and its fence is accepted only while the lease is held under this
 * fence, which the broker checks in the same step. Each method may reject with BelfryError `unavailable`.
 */
export interface Leases {
  /**
   * Takes a lease that nobody holds, or that this holder holds already, which renews it.
   * @throws BelfryError `lease_held` when another one holds it, `limit_reached`
   */
  take(name: string, holder: Holder, ttlMs: number): Promise<Lease>;
  /** Ends the lease of this holder. Nothing happens if nobody holds it. @throws BelfryError `lease_held` */
  release(name: string, holder: Holder): Promise<void>;
  /** The lease, if it is held. */
  get(name: string): Promise<Lease | undefined>;
}
