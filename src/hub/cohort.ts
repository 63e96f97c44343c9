import type { Encoding, Subscription } from '../dialects/dialect.ts';
import { passes } from '../model/filter.ts';
import type { Grants, Identity } from '../model/principal.ts';
import type { View } from '../model/redaction.ts';
import type { EncodedEvent } from './encoded.ts';
import { joinFrames, type Chunk } from './frame.ts';
import { outboxOf, type Outbox } from './outbox.ts';
import type { Stats } from './stats.ts';

/** What a cohort needs of a connection. */
export interface Listener {
  readonly encoding: Encoding;
  /** Whether its frames are compressed. */
  readonly deflate: boolean;
  readonly identity: Pick<Identity, 'subscribe'>;
  /** What is masked for it. */
  readonly view: View;
  readonly subscriptions: ReadonlyMap<string, { readonly subscription: Subscription }>;
  send(chunks: readonly Chunk[]): void;
}

/**
 * The connections that hear exactly the same thing in exactly the same bytes. An event is matched, encoded and framed
 * once for all of them; what is left for each is its share of one write a flush.
 */
export class Cohort {
  readonly signature: string;
  readonly encoding: Encoding;
  readonly subscriptions: readonly Subscription[];
  readonly members = new Set<Listener>();
  /** The router's mark: in which turn it was found last. */
  matchedIn = 0;

  readonly #grants: Grants;
  readonly #view: View;
  readonly #filtered: boolean;
  readonly #stats: Stats;
  readonly #outbox: Outbox;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(listener: Listener, signature: string, stats: Stats) {
    const { encoding, deflate, identity, view, subscriptions } = listener;
    this.signature = signature;
    this.encoding = encoding;
    this.#outbox = outboxOf(encoding, deflate);
    this.subscriptions = [...subscriptions.values()].map(({ subscription }) => subscription);
    this.#grants = identity.subscribe;
    this.#view = view;
    this.#filtered = this.subscriptions.some(({ filters }) => filters.length > 0);
    this.#stats = stats;
  }

  /** Takes an event that the router matched to it. Returns whether the outbox was empty before and is no more. */
  offer(encoded: EncodedEvent): boolean {
    const { size } = this.members;
    this.#stats.received += size;
    if (!this.#grants.permit(encoded.event)) {
      this.#stats.notPermitted += size;
      return false;
    }
    // Filters look at what is shown, lest somebody ask them for what is masked.
    const seen = encoded.seenBy(this.#view);
    if (this.#filtered && !this.subscriptions.some((subscription) => hears(subscription, seen.event))) {
      this.#stats.filtered += size;
      return false;
    }
    return this.append(seen);
  }

  /** Takes an event whatever the subscriptions say. */
  append(encoded: EncodedEvent): boolean {
    const wasEmpty = this.#outbox.isEmpty;
    const overtaken = this.#outbox.add(encoded);
    if (overtaken === undefined) {
      this.#stats.unknownWord += this.members.size;
      return false;
    }
    this.#stats.overtaken += overtaken * this.members.size;
    return wasEmpty;
  }

  /** Whether nothing waits for a flush. */
  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  /** How long the encoding still wants to wait before the next flush, in milliseconds; 0 or less when it may go. */
  rest(elapsed: number): number {
    return this.#flushedAt + (this.encoding.everyMs ?? 0) - elapsed;
  }

  /** Flushes in its rhythm; {@link flush} does so whatever the rhythm. */
  flushAt(elapsed: number): void {
    this.#flushedAt = elapsed;
    this.flush();
  }

  /** Hands every member what the outbox holds, in one write each. */
  flush(): void {
    if (this.#outbox.isEmpty) return;
    const { frames, events } = this.#outbox.take();
    const chunks = joinFrames(frames, events);
    for (const member of this.members) member.send(chunks);
  }
}

/** Whether an event passes one subscription of a client. */
export function hears({ pattern, filters }: Subscription, event: EncodedEvent['event']): boolean {
  return pattern.matches(event) && filters.every((filter) => passes(filter, event));
}

/** Equal texts admit the same events. */
export function textOf({ pattern, filters }: Subscription): string {
  return JSON.stringify([pattern.text, ...filters.map(({ text }) => text).toSorted()]);
}

/** Equal signatures hear the same bytes. */
export function signatureOf({ encoding, deflate, identity, view, subscriptions }: Listener): string {
  const heard = [...subscriptions.values()].map(({ subscription }) => textOf(subscription));
  return JSON.stringify([encoding.name, deflate, identity.subscribe.text, view.text, ...heard.toSorted()]);
}
