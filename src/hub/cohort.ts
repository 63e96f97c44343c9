import type { Dialect, Subscription } from '../dialects/dialect.ts';
import { passes } from '../model/filter.ts';
import type { Grants, Identity } from '../model/principal.ts';
import type { EncodedEvent } from './encoded.ts';
import { joinFrames, type Chunk } from './frame.ts';
import type { Stats } from './stats.ts';

/** What a cohort needs of a connection. */
export interface Listener {
  readonly dialect: Dialect;
  readonly identity: Pick<Identity, 'subscribe'>;
  readonly subscriptions: ReadonlyMap<string, { readonly subscription: Subscription }>;
  send(chunk: Chunk): void;
}

/**
 * The connections that hear exactly the same thing in exactly the same bytes. An event is matched, encoded and framed
 * once for all of them; what is left for each is its share of one write a flush.
 */
export class Cohort {
  readonly signature: string;
  readonly dialect: Dialect;
  readonly subscriptions: readonly Subscription[];
  readonly members = new Set<Listener>();
  /** The router's mark: in which turn it was found last. */
  matchedIn = 0;

  readonly #grants: Grants;
  readonly #filtered: boolean;
  readonly #stats: Stats;
  /** Frames that wait for the flush. */
  #outbox: Buffer[] = [];

  constructor({ dialect, identity, subscriptions }: Listener, signature: string, stats: Stats) {
    this.signature = signature;
    this.dialect = dialect;
    this.subscriptions = [...subscriptions.values()].map(({ subscription }) => subscription);
    this.#grants = identity.subscribe;
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
    if (this.#filtered && !this.subscriptions.some((subscription) => hears(subscription, encoded.event))) {
      this.#stats.filtered += size;
      return false;
    }
    return this.append(encoded);
  }

  /** Takes an event whatever the subscriptions say. */
  append(encoded: EncodedEvent): boolean {
    const frame = encoded.frame(this.dialect);
    if (frame === undefined) {
      this.#stats.unknownWord += this.members.size;
      return false;
    }
    return this.#outbox.push(frame) === 1;
  }

  /** Hands every member what the outbox holds, in one write each. */
  flush(): void {
    if (this.#outbox.length === 0) return;
    const chunks = joinFrames(this.#outbox);
    this.#outbox = [];
    for (const member of this.members) {
      for (const chunk of chunks) member.send(chunk);
    }
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
export function signatureOf({ dialect, identity, subscriptions }: Listener): string {
  const heard = [...subscriptions.values()].map(({ subscription }) => textOf(subscription));
  return JSON.stringify([dialect.name, identity.subscribe.text, ...heard.toSorted()]);
}
