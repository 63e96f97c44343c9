import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { bound } from './bound.ts';
import { BelfryError } from './errors.ts';
import { canonicalJson, type NewEvent } from './event.ts';
import type { Principal } from './principal.ts';

/** How long a key is remembered. */
export const IDEMPOTENCY_MS = bound(
  'time for which an idempotency key is known',
  5 * 60_000,
  'ms',
  'a repetition after it is published as a new event',
);

export const MAX_IDEMPOTENCY_KEY = bound(
  'characters of an idempotency key',
  200,
  'characters',
  'the publish is refused with `idempotency_key_invalid`, or as no command',
);

/** One try of a node to publish, by which Redis can be asked later what became of it. */
export interface Attempt {
  /** Of the process that tried. */
  readonly boot: string;
  /** Which of its tries. */
  readonly number: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** By what a repetition of a publish is known, so that it happens once. */
export interface Once {
  /** Of one publisher: the same key of another is another. */
  readonly key: string;
  /** Of what is published. The same key with another digest is refused. */
  readonly digest: string;
  /** The try whose outcome nobody could tell, and which this repeats. */
  readonly repeats?: Attempt;
}

/** That nobody can tell whether it was published. Whoever repeats it under the key publishes it once at most. */
export class OutcomeUnknown extends BelfryError {
  override readonly name = 'OutcomeUnknown';
  readonly attempt: Attempt;

  constructor(attempt: Attempt, idempotencyKey?: string, cause?: unknown) {
    super(
      'outcome_unknown',
      'Redis did not say in time whether it took this. Expected the same again under the idempotency key that is given with this answer: it is then published once, however this one ended.',
      { cause, idempotencyKey },
    );
    this.attempt = attempt;
  }
}

const HUB_KEY = /^belfry\.([\w-]{8,32})\.(\d{1,15})\.(\d{1,15})\.([\da-f]{40})$/;

/** Of these events by this principal, as they were asked for: before the hub adds a time, a trace or a mask. */
export function digestOf(principal: Principal, events: readonly NewEvent[]): string {
  const hash = createHash('sha1').update(principal);
  for (const event of events) hash.update('\n').update(canonicalJson(event));
  return hash.digest('hex');
}

/**
 * What a publisher's own key means, or that which the hub gave out for a publish whose outcome it could not tell.
 * @throws BelfryError `idempotency_key_reused` or `idempotency_key_invalid`, where the latter was for another body, or long ago
 */
export function onceOf(key: string, principal: Principal, digest: string, now: number): Once {
  // The length tells where the principal ends, whatever is in the two.
  const scoped = `${principal.length}:${principal}:${key}`;
  const [, boot, number, at, of] = HUB_KEY.exec(key) ?? [];
  if (boot === undefined) return { key: scoped, digest };
  if (of !== digest) throw reused();
  if (Math.abs(now - Number(at)) > IDEMPOTENCY_MS) {
    throw new BelfryError(
      'idempotency_key_invalid',
      `The hub gave out this idempotency key too long ago. Expected a repetition within ${IDEMPOTENCY_MS / 60_000} minutes: what became of the first can no longer be told.`,
    );
  }
  return { key: scoped, digest, repeats: { boot, number: Number(number), at: Number(at) } };
}

/** The key by which somebody else may repeat what was tried. */
export function keyOf({ boot, number, at }: Attempt, digest: string): string {
  return `belfry.${boot}.${number}.${at}.${digest}`;
}

/** A key as a header of HTTP holds it, whose values are bytes that Node reads as Latin-1: those of UTF-8. */
export function headerOfKey(key: string): string {
  return Buffer.from(key).toString('latin1');
}

/** The key that a header holds: the same as a socket would have sent. Bytes that are no UTF-8 are Latin-1. */
export function keyOfHeader(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : header;
}

export function reused(): BelfryError {
  return new BelfryError(
    'idempotency_key_reused',
    'The idempotency key was used for something else. Expected the same events under the same key, or another key.',
  );
}
