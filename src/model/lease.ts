import { bound } from './bound.ts';
import { BelfryError } from './errors.ts';

/** The type of the grants for leases: whoever may publish `leases.take.<name>` may take the lease of this name. */
export const LEASES_TYPE = 'leases';

export const LEASE_NAME = /^[\w:.-]{1,200}$/;
export const LEASE_TTL_MIN_MS = 1_000;
export const LEASE_TTL_MAX_MS = bound(
  'time to live of a lease',
  3_600_000,
  'ms',
  'the request is refused with parameter_invalid',
);
export const LEASE_TTL_MS = 15_000;

export const LEASE_HOLDER_MAX = bound(
  'characters of the holder of a lease',
  200,
  'characters',
  'the request is refused with parameter_invalid',
);

export const LEASES_MAX = bound(
  'leases that are held at a time',
  1_000,
  'entries',
  'one more is refused with limit_reached',
);

/** A lease: what only one holder has at a time. */
export interface Lease {
  readonly name: string;
  /** The holder as it called itself, and the principal of its token. Two holders differ in one of them. */
  readonly holder: string;
  readonly principal: string;
  /** It grows with each new holder, and each time when a lease is taken that has ended. */
  readonly fence: number;
  /** After how many milliseconds the lease ends, by the clock of Redis, unless the holder takes it again. */
  readonly ttlMs: number;
}

/** Who asks for a lease. */
export type Holder = Pick<Lease, 'holder' | 'principal'>;

/** What a publish names so that it is accepted only while the lease is held under this fence. */
export interface Fence {
  readonly lease: string;
  readonly fence: number;
}

export function isSameHolder(a: Holder, b: Holder): boolean {
  return a.holder === b.holder && a.principal === b.principal;
}

/** The next fence. Time makes it grow even where Redis has lost the last one. */
export function nextFence(last: number, now: number): number {
  return Math.max(last + 1, now);
}

/** Another one holds the lease. */
export function leaseHeld({ name, holder, principal, ttlMs }: Lease): BelfryError {
  return new BelfryError(
    'lease_held',
    `The lease "${name}" is held by "${holder}" of ${principal} for another ${Math.ceil(ttlMs)} ms. Expected another try after that.`,
    { retryAfterS: Math.max(1, Math.ceil(ttlMs / 1_000)) },
  );
}

/** The fence of a publish is over. */
export function leaseLost({ lease, fence }: Fence): BelfryError {
  return new BelfryError(
    'lease_lost',
    `The lease "${lease}" is not held under the fence ${fence} any more, so nothing was published. Expected the lease to be taken again, and the fence of that answer.`,
  );
}

export function tooManyLeases(): BelfryError {
  return new BelfryError(
    'limit_reached',
    `The hub holds ${LEASES_MAX} leases. Expected some of them to be released or to end; this one was not taken.`,
  );
}
