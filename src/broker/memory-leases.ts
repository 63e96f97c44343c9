import type { Clock } from '../model/clock.ts';
import {
  isSameHolder,
  LEASES_MAX,
  leaseHeld,
  leaseLost,
  nextFence,
  tooManyLeases,
  type Fence,
  type Holder,
  type Lease,
} from '../model/lease.ts';
import type { Leases } from './leases.ts';

type Held = Omit<Lease, 'ttlMs'> & { readonly until: number };

/** The leases of a single node without Redis. */
export class MemoryLeases implements Leases {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #held = new Map<string, Held>();
  #fence = 0;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  async take(name: string, holder: Holder, ttlMs: number): Promise<Lease> {
    const held = this.#read(name);
    if (held !== undefined && !isSameHolder(held, holder)) throw leaseHeld(held);
    if (held === undefined) this.#makeRoom();
    const fence = held?.fence ?? (this.#fence = nextFence(this.#fence, this.#clock.now()));
    this.#held.set(name, { name, ...holder, fence, until: this.#clock.elapsed() + ttlMs });
    return { name, ...holder, fence, ttlMs };
  }

  async release(name: string, holder: Holder): Promise<void> {
    const held = this.#read(name);
    if (held !== undefined && !isSameHolder(held, holder)) throw leaseHeld(held);
    this.#held.delete(name);
  }

  async get(name: string): Promise<Lease | undefined> {
    return this.#read(name);
  }

  /** @throws BelfryError `lease_lost` */
  check(fence: Fence): void {
    if (this.#read(fence.lease)?.fence !== fence.fence) throw leaseLost(fence);
  }

  #read(name: string): Lease | undefined {
    const held = this.#held.get(name);
    const ttlMs = (held?.until ?? 0) - this.#clock.elapsed();
    if (held === undefined || ttlMs <= 0) return undefined;
    const { holder, principal, fence } = held;
    return { name, holder, principal, fence, ttlMs: Math.ceil(ttlMs) };
  }

  #makeRoom(): void {
    const now = this.#clock.elapsed();
    for (const [name, { until }] of this.#held) if (until <= now) this.#held.delete(name);
    if (this.#held.size >= LEASES_MAX) throw tooManyLeases();
  }
}
