import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { networkOf } from '../../registry/address.ts';

const MINUTE_MS = 60_000;
const NETWORKS_MAX = bound(
  'addresses whose handshakes a node counts',
  50_000,
  'entries',
  'the address that was quiet for longest is forgotten, and begins anew',
);

interface Bucket {
  left: number;
  at: number;
}

/**
 * How many handshakes an address may make in a minute: as many at once, and as many again as time passes. Those that bring
 * credentials count by themselves, so that a flood without any does not lock out a neighbour behind the same address.
 */
export class HandshakeRateLimit {
  readonly #perMinute: number;
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** The address that was quiet for longest is the first. */
  readonly #buckets = new Map<string, Bucket>();
  /** The last of them. */
  #latest: string | undefined;

  constructor(perMinute: number, clock: Pick<Clock, 'elapsed'>) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** @throws BelfryError `handshakes_exceeded` */
  take(address: string, hasCredentials: boolean): void {
    const bucket = this.#refilled(`${networkOf(address)}${hasCredentials ? '+' : '-'}`);
    if (bucket.left >= 1) {
      bucket.left--;
      return;
    }
    const retryAfterS = Math.ceil(((1 - bucket.left) * 60) / this.#perMinute);
    throw new BelfryError(
      'handshakes_exceeded',
      `Your address made more than ${this.#perMinute} handshakes in a minute. Expected the next one after ${retryAfterS} s.`,
      { retryAfterS },
    );
  }

  #refilled(name: string): Bucket {
    const now = this.#clock.elapsed();
    const bucket = this.#buckets.get(name) ?? { left: this.#perMinute, at: now };
    bucket.left = Math.min(this.#perMinute, bucket.left + ((now - bucket.at) * this.#perMinute) / MINUTE_MS);
    bucket.at = now;
    if (name !== this.#latest) this.#putLast(name, bucket);
    return bucket;
  }

  #putLast(name: string, bucket: Bucket): void {
    this.#latest = name;
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size <= NETWORKS_MAX) return;
    for (const quietest of this.#buckets.keys()) return void this.#buckets.delete(quietest);
  }
}
