import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';
import { REMOVING_ACTIONS, type Retention } from '../model/retention.ts';
import type { Retained, RetainedWish } from './broker.ts';

/** Beyond either, the lists that were written to least recently are forgotten. */
const MAX_LISTS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** A tail, or a list of the one latest event. */
interface List {
  readonly kind: 'tail' | 'latest';
  readonly events: HubEvent[];
  bytes: number;
  /** By {@link Clock.elapsed}. */
  until: number;
}

/** What the rules keep on this process's heap, bounded in number and bytes. */
export class MemoryRetained implements Retained {
  readonly #clock: Clock;
  readonly #retention: Retention;
  /** In the order of the last write. */
  readonly #lists = new Map<string, List>();
  #bytes = 0;

  constructor(clock: Clock, retention: Retention) {
    this.#clock = clock;
    this.#retention = retention;
  }

  /** Files an event of the log under the rule that matches it, if any does. */
  keep(event: HubEvent): void {
    const keep = this.#retention.of(event);
    if (keep === undefined) return;
    const { type, action, key } = event;
    if (keep.kind === 'tail') {
      this.#append(nameOf(type, action, key), event, keep);
    } else {
      const name = nameOf(type, key);
      if (REMOVING_ACTIONS.includes(action)) this.#forget(name);
      else this.#append(name, event, { kind: 'latest', last: 1 });
    }
  }

  /** Oldest first. */
  wished({ type, action, key, count }: RetainedWish): readonly HubEvent[] {
    const keep = this.#retention.wished({ type, action });
    if (keep === undefined || count < 1) return [];
    if (keep.kind === 'tail') return this.#read(nameOf(type, action, key))?.events.slice(-count) ?? [];
    const events = this.#read(nameOf(type, key))?.events ?? [];
    return events.filter((event) => action === '*' || event.action === action);
  }

  keepsLatest(type: string): boolean {
    return this.#retention.keepsLatest(type);
  }

  async latest(type: string): Promise<HubEvent[]> {
    const lists = [...this.#lists.values()].filter(({ kind }) => kind === 'latest');
    return lists.flatMap(({ events }) => events.filter((event) => event.type === type));
  }

  async latestOf(type: string, key: string): Promise<HubEvent | undefined> {
    return this.#read(nameOf(type, key))?.events.at(-1);
  }

  #read(name: string): List | undefined {
    const list = this.#lists.get(name);
    return list !== undefined && list.until > this.#clock.elapsed() ? list : undefined;
  }

  #append(
    name: string,
    event: HubEvent,
    { kind, last, ttlMs = Infinity }: { kind: List['kind']; last: number; ttlMs?: number },
  ): void {
    const list = this.#read(name) ?? { kind, events: [], bytes: 0, until: 0 };
    this.#forget(name);
    list.events.push(event);
    list.bytes += event.size;
    while (list.events.length > last || list.bytes > MAX_BYTES) list.bytes -= list.events.shift()?.size ?? 0;
    list.until = this.#clock.elapsed() + ttlMs;
    this.#lists.set(name, list);
    this.#bytes += list.bytes;
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= MAX_LISTS && this.#bytes <= MAX_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#lists.get(name)?.bytes ?? 0;
    this.#lists.delete(name);
  }
}

/** Two parts for the latest of a key, three for a tail, so that they never meet. */
function nameOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
