import type { Result } from 'ioredis';
import { LEASES_MAX, leaseHeld, tooManyLeases, type Fence, type Holder, type Lease } from '../model/lease.ts';
import type { Leases } from './leases.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** lease-copy.lua */
    belfryCopyLease(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<0 | 1, Context>;
    /** lease.lua */
    belfryLease(keyCount: 3, ...keysAndArguments: (string | number)[]): Result<Answer, Context>;
  }
}

type Answer = [
  became: 'taken' | 'held' | 'released' | 'read' | 'full',
  fence?: string,
  holder?: string,
  ttlMs?: string | number,
];

/** A shard whose publishes may name a lease. */
interface Copied {
  readonly commands: Pick<RedisConnection, 'ask'>;
  readonly keys: Pick<RedisKeys, 'lease'>;
}

/**
 * The leases of all nodes, in Redis and by its clock. Shard 0 has them; each other shard has a copy of the fence, which is
 * written before the holder learns of it, and removed before anybody else can take the lease.
 */
export class RedisLeases implements Leases {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  readonly #keys: RedisKeys;
  readonly #copies: () => readonly Copied[];

  constructor(
    connection: Pick<RedisConnection, 'ask'>,
    keys: RedisKeys,
    copies: () => readonly Copied[] = () => [],
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#copies = copies;
  }

  async take(name: string, holder: Holder, ttlMs: number): Promise<Lease> {
    const lease = await this.#ask('take', name, holder, ttlMs);
    if (lease === undefined) throw tooManyLeases();
    await this.#copy(name, lease.fence, holder, ttlMs);
    return lease;
  }

  async release(name: string, holder: Holder): Promise<void> {
    await this.#copy(name, 0, holder, 0);
    await this.#ask('release', name, holder);
  }

  get(name: string): Promise<Lease | undefined> {
    return this.#ask('get', name);
  }

  async #copy(name: string, fence: number, holder: Holder, ttlMs: number): Promise<void> {
    await Promise.all(this.#copies().map((to) => this.#copyTo(to, name, fence, holder, ttlMs)));
  }

  async #copyTo(
    { commands, keys }: Copied,
    name: string,
    fence: number,
    holder: Holder,
    ttlMs: number,
  ): Promise<void> {
    await commands.ask((redis) => redis.belfryCopyLease(1, keys.lease(name), fence, textOf(holder), ttlMs));
  }

  /** Copies a lease to a shard that is newer than the lease. Returns false if the lease is not held under this fence. */
  async bring({ lease: name, fence }: Fence, to: Copied): Promise<boolean> {
    const lease = await this.get(name);
    if (lease?.fence !== fence) return false;
    await this.#copyTo(to, name, fence, lease, lease.ttlMs);
    return true;
  }

  async #ask(
    verb: 'take' | 'release' | 'get',
    name: string,
    holder: Holder = { holder: '', principal: '' },
    ttlMs = 0,
  ): Promise<Lease | undefined> {
    const { lease, lastFence, leases } = this.#keys;
    const by = textOf(holder);
    const [became, fence, heldBy, left] = await this.#connection.ask((redis) =>
      redis.belfryLease(3, lease(name), lastFence, leases, verb, name, by, ttlMs, LEASES_MAX),
    );
    if (fence == null || heldBy == null) return undefined;
    const [principal, called] = JSON.parse(heldBy) as [string, string];
    const held: Lease = { name, holder: called, principal, fence: Number(fence), ttlMs: Number(left) };
    if (became === 'held') throw leaseHeld(held);
    return held;
  }
}

/** The order of the two is always the same, since scripts compare the text. */
function textOf({ principal, holder }: Holder): string {
  return JSON.stringify([principal, holder]);
}
