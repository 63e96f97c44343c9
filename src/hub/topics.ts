import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';

const TOPICS_MAX = bound(
  'pairs of type and action that a node lists as topics',
  1_000,
  'entries',
  'the pair whose last event is oldest is left out',
);
const NAME_MAX = bound(
  'a type or an action that a node lists as a topic',
  200,
  'characters',
  'its topic is left out',
);
/** The rate is a moving mean. An event of this long ago counts about a third of one that comes now. */
const RATE_OVER_MS = 60_000;

/** What a node has heard of a type and an action, whatever the keys, since the node started. */
export interface Topic {
  readonly type: string;
  readonly action: string;
  readonly events: number;
  /** Events a second, as a mean of about the last minute. */
  readonly perSecond: number;
  /** When the last one came, in milliseconds since 1970. */
  readonly lastAt: number;
}

interface Counted {
  readonly type: string;
  readonly action: string;
  events: number;
  perSecond: number;
  /** In milliseconds of {@link Clock.elapsed}. */
  lastElapsed: number;
}

/** The types and actions that a node hears, with their rates. */
export class Topics {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #types = new Map<string, Map<string, Counted>>();
  #size = 0;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  /** Counts an event. */
  add({ type, action }: Pick<HubEvent, 'type' | 'action'>): void {
    const counted = this.#types.get(type)?.get(action) ?? this.#begin(type, action);
    if (counted === undefined) return;
    const elapsed = this.#clock.elapsed();
    counted.events++;
    counted.perSecond = decayed(counted, elapsed) + 1_000 / RATE_OVER_MS;
    counted.lastElapsed = elapsed;
  }

  list(): Topic[] {
    const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()];
    return Array.from(this.#each(), (counted) => ({
      type: counted.type,
      action: counted.action,
      events: counted.events,
      perSecond: decayed(counted, elapsed),
      lastAt: now - (elapsed - counted.lastElapsed),
    }));
  }

  *#each(): Generator<Counted> {
    for (const actions of this.#types.values()) yield* actions.values();
  }

  #begin(type: string, action: string): Counted | undefined {
    if (type.length > NAME_MAX || action.length > NAME_MAX) return undefined;
    if (this.#size === TOPICS_MAX) this.#forgetOldest();
    // A topic is kept for long, and may be a part of the message that told of it.
    [type, action] = [copied(type), copied(action)];
    const counted = { type, action, events: 0, perSecond: 0, lastElapsed: this.#clock.elapsed() };
    const actions = this.#types.get(type) ?? new Map<string, Counted>();
    this.#types.set(type, actions.set(action, counted));
    this.#size++;
    return counted;
  }

  #forgetOldest(): void {
    let oldest: Counted | undefined;
    for (const counted of this.#each())
      if (oldest === undefined || counted.lastElapsed < oldest.lastElapsed) oldest = counted;
    if (oldest === undefined) return;
    const actions = this.#types.get(oldest.type);
    actions?.delete(oldest.action);
    if (actions?.size === 0) this.#types.delete(oldest.type);
    this.#size--;
  }
}

function decayed({ perSecond, lastElapsed }: Counted, elapsed: number): number {
  return perSecond * Math.exp((lastElapsed - elapsed) / RATE_OVER_MS);
}

function copied(text: string): string {
  return Buffer.from(text).toString();
}
