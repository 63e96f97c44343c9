import { Refusal } from '../dialects/dialect.ts';
import { BelfryError, LIMITS } from '../model/errors.ts';

/** The reasons for which a handshake fails, in the order in which they are checked. */
export const REFUSED_HANDSHAKES = [
  'bad_request',
  'address_rate',
  'sign_in_attempts',
  'not_permitted',
  ...LIMITS,
  'unavailable',
] as const;

type Reason = (typeof REFUSED_HANDSHAKES)[number];

/** Counts the handshakes that a node refused, and those that it accepted only to say that there is no room. */
export class RefusedHandshakes {
  readonly #counts = new Map<Reason, number>();

  /** Counts a refusal by the error that was thrown, or by the answer. */
  count(thrown: unknown): void {
    const reason = reasonOf(thrown);
    this.#counts.set(reason, this.of(reason) + 1);
  }

  of(reason: Reason): number {
    return this.#counts.get(reason) ?? 0;
  }
}

/** The refusal of a dialect has only a status. The status 429 means too many attempts to sign in. */
function reasonOf(thrown: unknown): Reason {
  if (thrown instanceof BelfryError) {
    if (thrown.limit !== undefined) return thrown.limit;
    if (thrown.code === 'handshakes_exceeded') return 'address_rate';
  }
  const status = thrown instanceof BelfryError || thrown instanceof Refusal ? thrown.status : 500;
  if (status >= 500) return 'unavailable';
  if (status === 429) return 'sign_in_attempts';
  return status === 401 || status === 403 ? 'not_permitted' : 'bad_request';
}
