import { hash, randomBytes } from 'node:crypto';
import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import type { Cursor } from '../model/cursor.ts';
import { policyOf, textOf } from './subscription.ts';

/** A subscription, and the position in the log from which the client has received what it admits. */
export interface ActiveSubscription {
  readonly subscription: Subscription;
  readonly from: Cursor;
}

/** The subscriptions that began and those that ended. */
export interface Changes {
  readonly added: readonly Subscription[];
  readonly removed: readonly Subscription[];
}

interface Entry extends ActiveSubscription {
  readonly fingerprint: bigint;
}

/** Nobody outside knows this key, so nobody can construct subscriptions with equal fingerprints. */
const KEY = randomBytes(32).toString('hex');
const FINGERPRINT_BITS = 128;
const NONE: readonly Subscription[] = [];

const FORGOTTEN = 'all are forgotten, and made again when they are needed';
const MAX_KNOWN = bound('subscriptions whose fingerprint a node keeps', 1_000, 'entries', FORGOTTEN);
const MAX_KNOWN_LENGTH = bound(
  'a subscription whose fingerprint a node keeps',
  500,
  'characters',
  'the fingerprint is made again each time',
);
/** The fingerprints of subscriptions that many connections have. */
const known = new Map<string, bigint>();

/**
 * The subscriptions of one connection by name. It keeps their sums up to date, so that asking for one costs nothing.
 */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>();
  #fingerprint = 0n;
  #characters = 0;
  #topics = 0;
  // Most connections change their subscriptions once, so the lists are not kept between two changes.
  #added: Subscription[] | undefined;
  #removed: Subscription[] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** Connections with equal fingerprints subscribe to the same, in whatever order they subscribed. */
  get fingerprint(): bigint {
    return this.#fingerprint;
  }

  /** The length of the texts of all of them. */
  get characters(): number {
    return this.#characters;
  }

  /** How many topics they expand to. A topic of several subscriptions counts once for each. */
  get topics(): number {
    return this.#topics;
  }

  get(name: string): ActiveSubscription | undefined {
    return this.#entries.get(name);
  }

  keys(): MapIterator<string> {
    return this.#entries.keys();
  }

  values(): MapIterator<ActiveSubscription> {
    return this.#entries.values();
  }

  set(name: string, { subscription, from }: ActiveSubscription): void {
    const held = this.#entries.get(name);
    if (held?.subscription === subscription) {
      this.#entries.set(name, { ...held, from });
      return;
    }
    if (held !== undefined) this.#forget(held);
    const text = textOf(subscription);
    const fingerprint = fingerprintOf(`${text} ${policyOf(subscription)}`);
    this.#entries.set(name, { subscription, from, fingerprint });
    this.#count(subscription, text, fingerprint, 1);
    (this.#added ??= []).push(subscription);
  }

  delete(name: string): void {
    const held = this.#entries.get(name);
    if (held === undefined) return;
    this.#entries.delete(name);
    this.#forget(held);
  }

  /** The subscriptions that began and ended since the last call. */
  takeChanges(): Changes {
    const changes = { added: this.#added ?? NONE, removed: this.#removed ?? NONE };
    this.#added = undefined;
    this.#removed = undefined;
    return changes;
  }

  #forget(held: Entry): void {
    const { subscription, fingerprint } = held;
    // The text is made again, since thousands of connections would keep one each for the few that change.
    this.#count(subscription, textOf(subscription), fingerprint, -1);
    const at = this.#added?.indexOf(subscription) ?? -1;
    if (at < 0) (this.#removed ??= []).push(subscription);
    else this.#added?.splice(at, 1);
  }

  #count({ pattern }: Subscription, text: string, fingerprint: bigint, sign: 1 | -1): void {
    this.#characters += sign * text.length;
    this.#topics += sign * pattern.size;
    const sum = sign === 1 ? this.#fingerprint + fingerprint : this.#fingerprint - fingerprint;
    this.#fingerprint = BigInt.asUintN(FINGERPRINT_BITS, sum);
  }
}

/** Connections subscribe to the same when the sums of their fingerprints are equal, as if the texts were compared. */
export function fingerprintOf(text: string): bigint {
  let fingerprint = known.get(text);
  if (fingerprint !== undefined) return fingerprint;
  fingerprint = BigInt(`0x${hash('sha256', KEY + text, 'hex').slice(0, FINGERPRINT_BITS / 4)}`);
  if (text.length > MAX_KNOWN_LENGTH) return fingerprint;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, fingerprint);
  return fingerprint;
}
