import type { Subscription } from '../dialects/dialect.ts';
import type { Position } from '../model/position.ts';
import { Fingerprint, fingerprintOf } from './fingerprint.ts';
import { policyOf, textOf } from './subscription.ts';

/** A subscription, and the position from which the client has received what it admits. */
export interface ActiveSubscription {
  readonly subscription: Subscription;
  readonly from: Position;
}

/** The subscriptions that began and those that ended. */
export interface Changes {
  readonly added: readonly Subscription[];
  readonly removed: readonly Subscription[];
}

const NONE: readonly Subscription[] = [];

/**
 * The subscriptions of one connection by name. It keeps their sums up to date, so that asking for one costs nothing.
 */
export class Subscriptions {
  readonly #entries = new Map<string, ActiveSubscription>();
  #fingerprint = Fingerprint.none;
  #characters = 0;
  #topics = 0;
  // Most connections change their subscriptions once, so the lists are not kept between two changes.
  #added: Subscription[] | undefined;
  #removed: Subscription[] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** Connections with equal fingerprints subscribe to the same, in whatever order they subscribed. */
  get fingerprint(): Fingerprint {
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
      this.#entries.set(name, { subscription, from });
      return;
    }
    if (held !== undefined) this.#forget(held.subscription);
    this.#entries.set(name, { subscription, from });
    const text = textOf(subscription);
    this.#characters += text.length;
    this.#topics += subscription.pattern.size;
    this.#fingerprint = this.#fingerprint.with(fingerprintIn(subscription, text));
    (this.#added ??= []).push(subscription);
  }

  delete(name: string): void {
    const held = this.#entries.get(name);
    if (held === undefined) return;
    this.#entries.delete(name);
    this.#forget(held.subscription);
  }

  /** The subscriptions that began and ended since the last call. */
  takeChanges(): Changes {
    const changes = { added: this.#added ?? NONE, removed: this.#removed ?? NONE };
    this.#added = undefined;
    this.#removed = undefined;
    return changes;
  }

  #forget(subscription: Subscription): void {
    // Text and fingerprint are made again, since thousands of connections would keep them for the few that change.
    const text = textOf(subscription);
    this.#characters -= text.length;
    this.#topics -= subscription.pattern.size;
    this.#fingerprint = this.#fingerprint.without(fingerprintIn(subscription, text));
    const at = this.#added?.indexOf(subscription) ?? -1;
    if (at < 0) (this.#removed ??= []).push(subscription);
    else this.#added?.splice(at, 1);
  }
}

function fingerprintIn(subscription: Subscription, text: string): Fingerprint {
  return fingerprintOf(`${text} ${policyOf(subscription)}`);
}
