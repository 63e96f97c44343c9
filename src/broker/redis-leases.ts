import type { Result } from 'ioredis';
import { LEASES_MAX, leaseHeld, tooManyLeases, type Holder, type Lease } from '../model/lease.ts';
import type { Leases } from './leases.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
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

/** The leases of all nodes, in Redis and by its clock. */
export class RedisLeases implements Leases {
  readonly #connection: Pick<RedisConnection, 'ask'>;
  readonly #keys: RedisKeys;

  constructor(connection: Pick<RedisConnection, 'ask'>, keys: RedisKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async take(name: string, holder: Holder, ttlMs: number): Promise<Lease> {
    const lease = await this.#ask('take', name, holder, ttlMs);
    if (lease === undefined) throw tooManyLeases();
    return lease;
  }

  async release(name: string, holder: Holder): Promise<void> {
    await this.#ask('release', name, holder);
  }

  get(name: string): Promise<Lease | undefined> {
    return this.#ask('get', name);
  }

  async #ask(
    verb: 'take' | 'release' | 'get',
    name: string,
    holder: Holder = { holder: '', principal: '' },
    ttlMs = 0,
  ): Promise<Lease | undefined> {
    const { lease, lastFence, leases } = this.#keys;
    // The order of the two is always the same, since scripts compare the text.
    const by = JSON.stringify([holder.principal, holder.holder]);
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
