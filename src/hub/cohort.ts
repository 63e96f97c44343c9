import type { Encoding, Subscription } from '../dialects/dialect.ts';
import type { Close } from '../model/close-codes.ts';
import type { Position } from '../model/position.ts';
import type { Grants, Identity } from '../model/principal.ts';
import type { View } from '../model/redaction.ts';
import { DEFAULT_SLOW_POLICY } from '../model/slow-policies/index.ts';
import type { Trace } from '../model/trace.ts';
import type { EncodedEvent } from './encoded-event.ts';
import type { Chunk } from './frame.ts';
import type { WriteCoalescer } from './write-coalescer.ts';
import { outboxOf, type Outbox, type Outgoing } from './outbox.ts';
import type { Deliveries } from './stats.ts';
import { matches, droppableOf, isSame, policyOf } from './subscription.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Changes, Subscriptions } from './subscriptions.ts';

/** The part of a connection that a cohort needs. */
export interface Member {
  readonly encoding: Encoding;
  /** Whether its frames are compressed. */
  readonly deflate: boolean;
  readonly identity: Pick<Identity, 'subscribe'>;
  /** The view that says what is masked for the connection. */
  readonly view: View;
  readonly subscriptions: Pick<Subscriptions, 'fingerprint' | 'values'>;
  readonly audience: string;
  readonly isSlow: boolean;
  cohort?: Cohort | undefined;
  /** Writes the chunks. `parts` makes the same bytes with one event in each chunk, for a slow connection. */
  send(chunks: readonly Chunk[], parts?: () => readonly Chunk[]): void;
  /** Resolves when the connection has sent everything that it was given. */
  drained(): Promise<void>;
  close(why: Close): void;
}

/**
 * The connections of a node that hear exactly the same events in exactly the same bytes. An event is matched, encoded
 * and framed once for all of them. At each flush every member gets one write, of bytes that all members share.
 */
export class Cohort {
  /** The signature of its members. No other connection has it. */
  signature: string;
  readonly encoding: Encoding;
  readonly members = new Set<Member>();
  /** The router notes here in which of its searches it last found the cohort. */
  matchedIn = 0;

  /** What its members may hear. */
  readonly grants: Grants;
  readonly #view: View;
  readonly #audience: string;
  readonly #subscriptions: Subscription[];
  #filtered = false;
  readonly #stats: Deliveries;
  /** The events in the outbox, if a slow member may lose some of them. */
  #droppable: EncodedEvent[] | undefined;
  readonly #outbox: Outbox;
  readonly #coalescer: WriteCoalescer;
  /** The traces of the events in the outbox. */
  #traces: Trace[] | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** The position before the first event of the log in the outbox. */
  #waitsAfter: Position | undefined;

  constructor(member: Member, signature: string, stats: Deliveries, coalescer: WriteCoalescer) {
    const { encoding, deflate, identity, view, audience, subscriptions } = member;
    this.signature = signature;
    this.encoding = encoding;
    this.#outbox = outboxOf(encoding, deflate);
    this.#subscriptions = Array.from(subscriptions.values(), ({ subscription }) => subscription);
    this.grants = identity.subscribe;
    this.#view = view;
    this.#audience = audience;
    this.#stats = stats;
    this.#coalescer = coalescer;
    this.#look();
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /**
   * Changes the subscriptions of a cohort that has one member and an empty outbox.
   * @returns `false` when that cannot be done, since the member also has other grants or another encoding
   */
  become({ audience }: Member, signature: string, { added, removed }: Changes): boolean {
    if (audience !== this.#audience) return false;
    this.signature = signature;
    for (const subscription of removed) this.#forget(subscription);
    this.#subscriptions.push(...added);
    this.#look();
    return true;
  }

  /** The member may have another object for it, where another connection was the first member, or it subscribed twice. */
  #forget(subscription: Subscription): void {
    let at = this.#subscriptions.indexOf(subscription);
    if (at < 0) at = this.#subscriptions.findIndex((each) => isSame(each, subscription));
    if (at >= 0) this.#subscriptions.splice(at, 1);
  }

  #look(): void {
    this.#filtered = this.#subscriptions.some(({ filters }) => filters.length > 0);
    const isDroppable = this.#subscriptions.some((each) => policyOf(each) !== DEFAULT_SLOW_POLICY);
    this.#droppable = isDroppable ? [] : undefined;
  }

  /**
   * Takes an event that the router matched, if grants and filters admit it and the dialect supports it. Returns whether
   * it did.
   */
  offer(encoded: EncodedEvent): boolean {
    this.#stats.received += this.members.size;
    try {
      return this.#take(encoded);
    } catch (error) {
      this.#stats.unsupported += this.members.size;
      throw error;
    }
  }

  #take(encoded: EncodedEvent): boolean {
    const { size } = this.members;
    if (!this.grants.permit(encoded.event)) {
      this.#stats.notPermitted += size;
      return false;
    }
    // Filters look at the masked event. Otherwise a client could find out by filters what is masked.
    const seen = encoded.seenBy(this.#view);
    if (this.#filtered && !this.subscriptions.some((subscription) => matches(subscription, seen.event))) {
      this.#stats.filtered += size;
      return false;
    }
    return this.#append(seen);
  }

  /** Whether it would take an event that the router matched. Nothing is counted. */
  admits(encoded: EncodedEvent): boolean {
    if (!this.grants.permit(encoded.event)) return false;
    const seen = encoded.seenBy(this.#view);
    if (this.#filtered && !this.subscriptions.some((subscription) => matches(subscription, seen.event)))
      return false;
    return seen.text(this.encoding) !== undefined;
  }

  /** Takes an event whatever the subscriptions say. Returns whether the dialect supports it. */
  tell(encoded: EncodedEvent): boolean {
    this.#stats.received += this.members.size;
    return this.#append(encoded);
  }

  #append(encoded: EncodedEvent): boolean {
    const conflated = this.#outbox.add(encoded);
    if (conflated === undefined) {
      this.#stats.unsupported += this.members.size;
      return false;
    }
    this.#stats.conflated += conflated * this.members.size;
    this.#droppable?.push(encoded);
    const { trace } = encoded.event;
    this.#waitsAfter ??= encoded.before;
    if (trace !== undefined) {
      (this.#traces ??= []).push(trace);
      trace.taken(this.members.size);
    }
    return true;
  }

  /** Whether nothing waits for a flush. */
  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  /** The position up to which every member was sent its events, if the node has delivered the log up to `position`. */
  sentUpTo(position: Position): Position {
    return this.#waitsAfter ?? position;
  }

  /**
   * For how many milliseconds the minimum interval of the encoding still forbids a flush. 0 or less means that it does
   * not.
   */
  rest(elapsed: number): number {
    return this.#flushedAt + (this.encoding.minIntervalMs ?? 0) - elapsed;
  }

  /** The time of the last scheduled flush. */
  get flushedAt(): number {
    return this.#flushedAt;
  }

  /** A scheduled flush at this time. {@link flush} flushes outside the schedule. */
  flushAt(elapsed: number): void {
    this.#flushedAt = elapsed;
    this.flush();
  }

  /** Sends every member what is in the outbox, in one write each. */
  flush(): void {
    if (this.#outbox.isEmpty) return;
    const { size } = this.members;
    this.#send(this.#outbox.take(), this.members);
    this.#waitsAfter = undefined;
    if (this.#droppable !== undefined) this.#droppable = [];
    if (this.#traces === undefined) return;
    for (const trace of this.#traces) trace.flushed(size);
    this.#traces = undefined;
  }

  /**
   * Sends a connection that has just ceased to be a member the content of the outbox, which also stays for the
   * members.
   */
  flushTo(member: Member): void {
    if (!this.#outbox.isEmpty) this.#send(this.#outbox.peek(), [member]);
  }

  /** Coalesces the frames of the outbox once for all of these connections, and sends them to each. */
  #send(outgoing: Outgoing, to: Iterable<Member>): void {
    const chunks = this.#coalescer.coalesceShared(outgoing);
    const waited = this.#droppable;
    // The parts are made when the first slow member needs them.
    let made: readonly Chunk[] | undefined;
    const parts = waited && ((): readonly Chunk[] => (made ??= this.#partsOf(outgoing.frames, waited)));
    for (const member of to) member.send(chunks, parts);
  }

  #partsOf(frames: readonly Buffer[], events: readonly EncodedEvent[]): Chunk[] {
    return frames.map((bytes, index) => {
      const droppable = droppableOf(this.subscriptions, events[index]);
      return { bytes, deliveries: 1, ...(droppable && { droppable }) };
    });
  }
}

/** Connections with equal signatures hear the same bytes. Joined and not added, since an added text keeps its parts. */
export function signatureOf({ audience, subscriptions }: Pick<Member, 'audience' | 'subscriptions'>): string {
  return [audience, subscriptions.fingerprint.text].join('');
}

/** Connections with equal audiences may hear the same events in the same bytes, whatever they subscribe to. */
export function audienceOf({
  encoding,
  deflate,
  identity,
  view,
}: Pick<Member, 'encoding' | 'deflate' | 'identity' | 'view'>): string {
  return fingerprintOf(JSON.stringify([encoding.name, deflate, identity.subscribe.text, view.text])).text;
}
