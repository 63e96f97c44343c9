import type { HubError } from './errors.ts';
import type { Gap, HubEvent } from './item.ts';
import type { Answered, Link, Reply } from './link.ts';
import { matches, readPattern, type Filters, type ReadPattern } from './match.ts';
import type { Subscriber, Subscriptions } from './subscriptions.ts';
import type { FromLeader, TabMessage } from './tabs.ts';

interface Subscribe {
  readonly patterns: readonly string[];
  readonly filters?: Filters;
  readonly since?: string;
}

export interface TabRelayParts {
  readonly subscriptions: Subscriptions;
  /** The link to the hub, while it is open. */
  readonly link: () => Link | undefined;
  readonly post: (message: FromLeader) => void;
  readonly now: () => number;
}

/** What another tab subscribed to with one command. Its events go over the channel that all tabs read. */
class RelayedSubscription implements Subscriber {
  patterns: readonly ReadPattern[];
  readonly filters: Filters | undefined;
  readonly slow = 'close';
  state: Subscriber['state'] = 'new';
  position: string | undefined;
  readonly start: string | undefined;
  readonly tellGap: (gap: Gap) => void;
  /** Answers the command, once. */
  #answer: ((error: HubError | undefined, reply?: Reply) => void) | undefined;

  constructor({ patterns, filters, since }: Subscribe, answer: Answered, tellGap: (gap: Gap) => void) {
    this.patterns = patterns.map(readPattern);
    this.filters = filters;
    this.start = since;
    this.#answer = answer;
    this.tellGap = tellGap;
  }

  matches(event: HubEvent): boolean {
    return matches(this.patterns, this.filters, event);
  }

  give(): boolean {
    return true;
  }

  join(position: string | undefined): void {
    this.state = 'joined';
    this.position ??= position;
    this.#reply(undefined, { time: '', object: { cursor: this.position ?? this.start } });
  }

  end(error?: HubError): void {
    if (error !== undefined) this.#reply(error);
  }

  #reply(error: HubError | undefined, reply?: Reply): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(error, reply);
  }
}

interface Tab {
  readonly subscribed: Set<RelayedSubscription>;
  /** Pings that are not sent yet, since subscriptions from before them have not begun. */
  pings: Answered[];
  heardAt: number;
}

/** A tab that sent nothing for this long is frozen or gone. The timers of a hidden tab run once a minute, so it may be quiet for that long. */
const GONE_MS = 90_000;

/** What the leader does for the other tabs: it subscribes, publishes and sends pings for them. */
export class TabRelay {
  readonly #tabs = new Map<string, Tab>();
  readonly #parts: TabRelayParts;

  constructor(parts: TabRelayParts) {
    this.#parts = parts;
  }

  /** Whether any other tab listens. */
  get isHeard(): boolean {
    return this.#tabs.size > 0;
  }

  command({ from, id, command, fields }: TabMessage & { kind: 'command' }): void {
    const { link, now } = this.#parts;
    const tab = this.#tabs.get(from) ?? { subscribed: new Set(), pings: [], heardAt: 0 };
    this.#tabs.set(from, tab);
    tab.heardAt = now();
    const answered: Answered = (error, reply) => this.#answer(from, id, error, reply);
    if (command === 'subscribe') this.#subscribe(from, tab, fields as Subscribe, answered);
    else if (command === 'unsubscribe') {
      this.#unsubscribe(tab, (fields as Subscribe).patterns);
      answered(undefined, { time: '', object: {} });
    } else if (command === 'ping') tab.pings.push(answered);
    else link()?.send(command, fields, answered);
    this.#ping();
  }

  /** Sends the waiting pings of each tab whose subscriptions have all begun, unless the hub is sending past events. */
  #ping(): void {
    for (const tab of this.#tabs.values()) {
      const hasBegun = [...tab.subscribed].every(({ state }) => state === 'joined');
      if (tab.pings.length === 0 || !hasBegun || !this.#parts.subscriptions.isLive) continue;
      const { pings } = tab;
      tab.pings = [];
      this.#parts.link()?.send('ping', {}, (error, reply) => {
        for (const answered of pings) answered(error, reply);
      });
    }
  }

  /** Called from time to time: sends pings that may go now, and forgets tabs that are gone. */
  look(): void {
    this.#ping();
    for (const [name, { heardAt }] of this.#tabs)
      if (this.#parts.now() - heardAt > GONE_MS) this.forget(name);
  }

  forget(name: string): void {
    for (const each of this.#tabs.get(name)?.subscribed ?? []) this.#parts.subscriptions.leave(each);
    this.#tabs.delete(name);
  }

  /** The link was lost. The other tabs subscribe anew on the next one. */
  reset(): void {
    for (const name of this.#tabs.keys()) this.forget(name);
  }

  #subscribe(name: string, tab: Tab, fields: Subscribe, answered: Answered): void {
    this.#unsubscribe(tab, fields.patterns);
    const tellGap = (gap: Gap): void => this.#parts.post({ kind: 'gap', to: name, gap });
    const relayed = new RelayedSubscription(
      fields,
      (error, reply) => {
        if (error !== undefined) tab.subscribed.delete(relayed);
        answered(error, reply);
        queueMicrotask(() => this.#ping());
      },
      tellGap,
    );
    tab.subscribed.add(relayed);
    this.#parts.subscriptions.add(relayed);
  }

  #unsubscribe({ subscribed }: Tab, patterns: readonly string[]): void {
    for (const each of subscribed) {
      const rest = each.patterns.filter(({ text }) => !patterns.includes(text));
      if (rest.length === each.patterns.length) continue;
      each.patterns = rest;
      if (rest.length === 0) subscribed.delete(each);
      if (rest.length === 0) this.#parts.subscriptions.leave(each);
      else this.#parts.subscriptions.change();
    }
  }

  #answer(to: string, id: number, error: HubError | undefined, reply: Reply | undefined): void {
    const refusal = error && { code: error.code, message: error.message, see: error.see };
    this.#parts.post({ kind: 'answer', to, id, ...(refusal && { error: refusal }), ...(reply && { reply }) });
  }
}
