import { isUnread } from './positions.ts';
import type { HubError } from './errors.ts';
import { positionAfter, type Gap, type HubEvent } from './item.ts';
import type { Link, Reply } from './link.ts';
import { has, isAfter, reached } from './given.ts';
import { Turns } from './turns.ts';
import { planOf, type Group, type Member } from './plan.ts';

/** The codes of errors that pass. They do not mean that a listener is refused. */
export const PASSING: ReadonlySet<string> = new Set(['unavailable', 'internal', 'reads_exceeded', 'lost']);

/** Something that is given events: a listener, or what another tab listens to. */
export interface Subscriber extends Member {
  matches(event: HubEvent): boolean;
  /** Called when the hub begins to send its events. `position` is where that is, for a subscriber that begins now. */
  join(position: string | undefined): void;
  /** Takes an event. Returns false if there was no room for it. */
  give(event: HubEvent): boolean;
  tellGap(gap: Gap): void;
  end(error?: HubError): void;
}

/** All listeners of a client, and the events that the hub sends for them. */
export class Subscriptions {
  readonly #listeners = new Set<Subscriber>();
  /** The command for which each listener waits. An answer to an older command no longer counts. */
  readonly #asked = new Map<Subscriber, unknown>();
  readonly #fail: (code: number, reason: string) => void;
  /** The link, while it is open. */
  link: Link | undefined;
  #wire: ReadonlyMap<string, string> = new Map();
  #isPlanned = false;
  /** The position up to which all listeners that joined were sent everything. */
  #cursor: string | undefined;
  /** Present while the hub sends past events, which are not in the order of all listeners together. */
  #replay: object | undefined;
  #replayedTo: Subscriber[] = [];
  readonly #turns: Turns;

  /** `fail` ends the link as if the hub had closed it. */
  constructor(fail: (code: number, reason: string) => void) {
    this.#fail = fail;
    this.#turns = new Turns(fail);
  }

  add(listener: Subscriber): void {
    this.#listeners.add(listener);
    this.#plan();
  }

  leave(listener: Subscriber): void {
    this.#forget(listener);
    this.#plan();
  }

  goOn(listener: Subscriber): void {
    listener.state = 'new';
    this.#plan();
  }

  /** Notes that the link is open, and nothing is subscribed yet. */
  attach(link: Link): void {
    this.link = link;
    this.#sync();
  }

  detach(): void {
    this.#settle();
    this.link = undefined;
    this.#wire = new Map();
    this.#cursor = this.#replay = undefined;
    this.#turns.end();
    this.#asked.clear();
    for (const listener of this.#listeners) if (listener.state !== 'behind') listener.state = 'new';
  }

  /** Ends all listeners. */
  end(error?: HubError): void {
    this.detach();
    for (const listener of this.#listeners) listener.end(error);
    this.#listeners.clear();
  }

  /** Whether the hub sends no past events now, so that the events of all listeners are in one order. */
  get isLive(): boolean {
    return this.#replay === undefined;
  }

  /** Called when the patterns of a subscriber have changed. */
  change(): void {
    this.#plan();
  }

  /** Gives an event to the listeners. `isLive` is false while the hub sends past events to another tab over the same link. */
  deliver(event: HubEvent, isLive = true): void {
    this.#turns.take(positionAfter(event), () => this.#deliver(event, isLive));
  }

  #deliver(event: HubEvent, isLive: boolean): void {
    for (const listener of this.#listeners) {
      if (listener.state === 'joined' && isAfter(event.id, listener) && listener.matches(event))
        this.#give(listener, event);
    }
    if (this.#replay === undefined && isLive) this.#cursor = positionAfter(event) ?? this.#cursor;
  }

  tellGap(gap: Gap): void {
    this.#turns.take(gap.to, () => this.#tellGap(gap));
  }

  #tellGap(gap: Gap): void {
    const { to, reason } = gap;
    const isSlow = reason === 'slow';
    const concerned = !isSlow && this.#replay !== undefined ? this.#replayedTo : this.#listeners;
    for (const listener of concerned) {
      if (listener.state !== 'joined' || (isSlow && listener.slow === 'close')) continue;
      // This listener is already past the gap. Another listener of the same command began before it.
      if (reason === 'trimmed' && to !== null && has(listener, to)) continue;
      if (!isSlow && to !== null) listener.position = reached(listener, to);
      listener.tellGap(gap);
    }
    if (this.#replay === undefined && !isSlow) this.#cursor = to ?? this.#cursor;
  }

  /** Handles the answer to a ping: all listeners that joined were sent everything up to this position. */
  caughtUp({ object }: Reply): void {
    const position = object['cursor'] as string | undefined;
    this.#turns.take(position, () => {
      if (this.#replay === undefined) this.#cursor = position ?? this.#cursor;
    });
  }

  #give(listener: Subscriber, event: HubEvent): void {
    // The hub may have begun again after the earliest position of several listeners, so its position may lack what this one has.
    const position = positionAfter(event);
    const next = position === undefined ? listener.position : reached(listener, position);
    if (listener.give(next === position || next === undefined ? event : { ...event, position: next })) {
      listener.position = next;
      return;
    }
    this.#settle([listener]);
    listener.state = 'behind';
    const at = listener.position ?? null;
    // Live-only events are not sent again.
    if (event.id === undefined) listener.tellGap({ from: at, to: at, reason: 'slow', dropped: 1 });
    this.#plan();
  }

  /** Copies the common position to each listener, before the common position changes its meaning. */
  #settle(listeners: Iterable<Subscriber> = this.#listeners): void {
    if (this.#replay !== undefined || this.#cursor === undefined) return;
    for (const listener of listeners)
      if (listener.state === 'joined') listener.position = reached(listener, this.#cursor);
  }

  /** Listeners that begin and end in one turn are handled by one command. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#sync();
    });
  }

  #sync(): void {
    const link = this.link;
    if (link === undefined) return;
    this.#settle();
    const active = [...this.#listeners].filter(({ state }) => state !== 'behind');
    const { unsubscribe, subscribe, wire } = planOf(active, this.#wire);
    this.#wire = wire;
    if (unsubscribe.length > 0) link.send('unsubscribe', { patterns: unsubscribe }, () => undefined);
    for (const group of subscribe) this.#subscribe(link, group);
    if (subscribe.every(({ since }) => since === undefined)) return;
    const replay = (this.#replay = {});
    this.#replayedTo = [];
    link.send('ping', {}, (_error, reply) => {
      if (this.#replay !== replay || reply === undefined) return;
      this.#replay = undefined;
      this.caughtUp(reply);
    });
  }

  #subscribe(link: Link, group: Group<Subscriber>): void {
    const { patterns, filters, slow, since, members } = group;
    for (const listener of members) {
      listener.state = 'asked';
      this.#asked.set(listener, group);
    }
    const fields = { patterns, filters, since, ...(slow !== 'close' && { slow }) };
    link.send('subscribe', fields, (error, reply) => {
      const waiting = members.filter((listener) => this.#asked.get(listener) === group);
      const cursor = reply?.object['cursor'];
      // They were asked for in an order that did not compare positions.
      if (isUnread(cursor)) return this.#turns.take(cursor, () => this.#again(waiting, group));
      if (reply !== undefined) return this.#joined(waiting, since, reply);
      if (error === undefined || PASSING.has(error.code)) return this.#fail(1013, error?.message ?? '');
      // It is not known which of them the hub sends. With no terms they differ from what is wanted, and are asked for or ended.
      this.#wire = new Map([...this.#wire, ...patterns.map((text) => [text, ''] as const)]);
      if (members.length > 1) return this.#askEach(link, waiting);
      for (const listener of waiting) this.#refuse(listener, error);
    });
  }

  /** Begins again with those of these listeners that still wait for this command. */
  #again(waiting: readonly Subscriber[], asked: unknown): void {
    for (const listener of waiting) if (this.#asked.get(listener) === asked) listener.state = 'new';
    this.#plan();
  }

  #joined(waiting: readonly Subscriber[], since: string | undefined, { object }: Reply): void {
    if (since !== undefined) this.#replayedTo.push(...waiting);
    const position = since === undefined ? String(object['cursor']) : undefined;
    for (const listener of waiting) {
      this.#asked.delete(listener);
      listener.join(position);
    }
    this.#plan();
  }

  /**
   * The hub refused a command for several listeners. It is then sent for each of them alone, to find the refused ones.
   */
  #askEach(link: Link, waiting: readonly Subscriber[]): void {
    const open = new Set(waiting);
    for (const listener of waiting) {
      this.#asked.set(listener, open);
      const { filters, slow } = listener;
      const patterns = listener.patterns.map(({ text }) => text);
      link.send('subscribe', { patterns, filters, slow }, (error) => {
        open.delete(listener);
        if (error !== undefined && !PASSING.has(error.code)) this.#refuse(listener, error);
        if (open.size === 0) this.#again(waiting, open);
      });
    }
  }

  #refuse(listener: Subscriber, error: HubError): void {
    this.#forget(listener);
    listener.end(error);
    this.#plan();
  }

  #forget(listener: Subscriber): void {
    this.#listeners.delete(listener);
    this.#asked.delete(listener);
  }
}
