import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { bound } from './bound.ts';
import { BelfryError } from './errors.ts';
import { canonicalJson, type NewEvent } from './event.ts';
import type { Principal } from './principal.ts';

/** For how long an idempotency key is remembered. */
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

/** One attempt of a node to publish, by which Redis can be asked for its outcome later. */
export interface Attempt {
  /** The id of the process that made the attempt. */
  readonly boot: string;
  /** The number of the attempt in that process. */
  readonly number: number;
  /** The time of the attempt, in milliseconds since 1970. */
  readonly at: number;
}

/** How a repetition of a publish is recognised, so that the publish happens once. */
export interface Once {
  /** The idempotency key together with its publisher, so that publishers do not share keys. */
  readonly key: string;
  /** The digest of what is published. The same key with another digest is refused. */
  readonly digest: string;
  /** The attempt with the unknown outcome that this publish repeats. */
  readonly repeats?: Attempt;
}

/**
 * The error for a publish whose outcome is unknown. A repetition under its idempotency key publishes at most once.
 */
export class OutcomeUnknown extends BelfryError {
  override readonly name = 'OutcomeUnknown';
  readonly attempt: Attempt;

  constructor(attempt: Attempt, idempotencyKey?: string, cause?: unknown) {
    super(
      'outcome_unknown',
      'Redis did not say in time whether it accepted the events. Expected a repetition under the idempotency key of this answer: then they are published once, however this attempt ended.',
      { cause, idempotencyKey },
    );
    this.attempt = attempt;
  }
}

const HUB_KEY = /^belfry\.([\w-]{8,32})\.(\d{1,15})\.(\d{1,15})\.([\da-f]{40})$/;

/**
 * The digest of these events by this principal, as the publisher wrote them: before the hub adds a time, a trace or a
 * mask.
 */
export function digestOf(principal: Principal, events: readonly NewEvent[]): string {
  const hash = createHash('sha1').update(principal);
  for (const event of events) hash.update('\n').update(canonicalJson(event));
  return hash.digest('hex');
}

/**
 * The idempotency key of events whose format says what every repetition has in common, as that of CloudEvents does;
 * `undefined` where one of them does not say it.
 */
export function ownKeyOf(events: readonly NewEvent[]): string | undefined {
  if (events[0]?.repeatedAs === undefined) return undefined;
  const hash = createHash('sha1');
  for (const { repeatedAs } of events) {
    if (repeatedAs === undefined) return undefined;
    hash.update(repeatedAs).update('\n');
  }
  return `own.${hash.digest('hex')}`;
}

/**
 * Decides what an idempotency key means: a key of the publisher's own, or one that the hub gave out for a publish
 * with an unknown outcome.
 * @throws BelfryError for a key that the hub gave out: `idempotency_key_reused` with other events,
 * `idempotency_key_invalid` when it is too old
 */
export function onceOf(key: string, principal: Principal, digest: string, now: number): Once {
  // The length tells where the principal ends, whatever characters the two hold.
  const scoped = `${principal.length}:${principal}:${key}`;
  const [, boot, number, at, of] = HUB_KEY.exec(key) ?? [];
  if (boot === undefined) return { key: scoped, digest };
  if (of !== digest) throw reused();
  if (Math.abs(now - Number(at)) > IDEMPOTENCY_MS) {
    throw new BelfryError(
      'idempotency_key_invalid',
      `The hub gave out this idempotency key too long ago. Expected a repetition within ${IDEMPOTENCY_MS / 60_000} minutes, since the outcome of the first attempt is no longer known.`,
    );
  }
  return { key: scoped, digest, repeats: { boot, number: Number(number), at: Number(at) } };
}

/** The key under which a publisher may repeat an attempt, at any node. */
export function keyOf({ boot, number, at }: Attempt, digest: string): string {
  return `belfry.${boot}.${number}.${at}.${digest}`;
}

/** An idempotency key as the value of an HTTP header: its UTF-8 bytes, which Node handles as Latin-1. */
export function headerOfKey(key: string): string {
  return Buffer.from(key).toString('latin1');
}

/**
 * The idempotency key of an HTTP header, equal to the one that a socket would have sent. Bytes that are not UTF-8
 * count as Latin-1.
 */
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
