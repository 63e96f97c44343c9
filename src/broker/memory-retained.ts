import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';
import { removes } from '../model/removal.ts';
import { onlyNames, type Keep, type Retention } from '../model/retention.ts';
import type { LatestQuery, Permits, Retained, RetainedQuery } from './broker.ts';
import { latestByKey } from './latest-by-key.ts';

const MAX_LISTS = bound(
  'tails and latest values of a node that stands alone',
  10_000,
  'entries',
  'those that were written to least recently are forgotten, and counted',
);

/** A tail, or a list of one event: the latest event of a key, or the last change of a type. */
interface List {
  readonly kind: Keep['kind'] | 'changed';
  /** The name of the type and key that all its events share. */
  readonly of: string;
  readonly events: HubEvent[];
  bytes: number;
  /** When the list expires, by {@link Clock.elapsed}. */
  until: number;
}

/** What the retention rules keep without Redis, in the memory of this process, bounded in number and bytes. */
export class MemoryRetained implements Retained {
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #maxBytes: number;
  /** The list that was written to least recently comes first. */
  readonly #lists = new Map<string, List>();
  /** The lists that are never evicted. They count for no bound. */
  readonly #pinned = new Map<string, List>();
  /** The names of the lists of each type and key. */
  readonly #names = new Map<string, Set<string>>();
  #bytes = 0;
  #gone = 0;

  /**
   * Keeps at most `maxBytes` of JSON: the list that was written to least recently is evicted, and of a tail that is
   * too large by itself its oldest events.
   */
  constructor(clock: Clock, retention: Retention, maxBytes: number) {
    this.#clock = clock;
    this.#retention = retention;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many lists were evicted because the room was full. */
  get gone(): number {
    return this.#gone;
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
      // A new list each time, since the next change may be of another key.
      this.#forget(nameOf(type));
      this.#append(nameOf(type), event, { kind: 'changed', last: 1 });
      if (removes(event)) this.#forget(name);
      else if (!onlyNames(event) || this.#read(name) === undefined)
        this.#append(name, event, { kind: 'latest', last: 1, isPinned: keep.isPinned });
    }
  }

  /** Oldest first. */
  requested({ type, action, key, count }: RetainedQuery): readonly HubEvent[] {
    const keep = this.#retention.requested({ type, action });
    if (keep === undefined || count < 1) return [];
    if (key === undefined) return this.#read(nameOf(type))?.events ?? [];
    if (keep.kind === 'tail') return this.#read(nameOf(type, action, key))?.events.slice(-count) ?? [];
    const events = this.#read(nameOf(type, key))?.events ?? [];
    return events.filter((event) => action === '*' || event.action === action);
  }

  keeps(type: string): boolean {
    return this.#retention.kindOf(type) !== undefined;
  }

  async latest(type: string, query: LatestQuery = {}): Promise<{ events: HubEvent[]; total: number }> {
    const newest = this.#newest(type, [...this.#lists.keys(), ...this.#pinned.keys()]).filter(
      (event) => event.type === type,
    );
    const { page: events, total } = latestByKey(newest, query);
    return { events, total };
  }

  async latestOf(type: string, key: string, permits: Permits = () => true): Promise<HubEvent | undefined> {
    const names = this.#names.get(nameOf(type, key)) ?? [];
    return latestByKey(this.#newest(type, names), { permits }).page[0];
  }

  /** The last event of each list in which the rules look for the latest of this type. */
  #newest(type: string, names: Iterable<string>): HubEvent[] {
    const kind = this.#retention.kindOf(type);
    const lists = [...names].flatMap((name) => this.#read(name) ?? []);
    return lists.filter((list) => list.kind === kind).flatMap(({ events }) => events.at(-1) ?? []);
  }

  #read(name: string): List | undefined {
    const list = this.#lists.get(name) ?? this.#pinned.get(name);
    return list !== undefined && list.until > this.#clock.elapsed() ? list : undefined;
  }

  #append(
    name: string,
    event: HubEvent,
    {
      kind,
      last,
      ttlMs = Infinity,
      isPinned = false,
    }: { kind: List['kind']; last: number; ttlMs?: number; isPinned?: boolean | undefined },
  ): void {
    const of = nameOf(event.type, event.key);
    const list = this.#read(name) ?? { kind, of, events: [], bytes: 0, until: 0 };
    this.#forget(name);
    list.events.push(event);
    list.bytes += event.size;
    while (list.events.length > last || list.bytes > this.#maxBytes)
      list.bytes -= list.events.shift()?.size ?? 0;
    list.until = this.#clock.elapsed() + ttlMs;
    this.#names.set(of, (this.#names.get(of) ?? new Set()).add(name));
    if (isPinned) return void this.#pinned.set(name, list);
    this.#lists.set(name, list);
    this.#bytes += list.bytes;
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= MAX_LISTS && this.#bytes <= this.#maxBytes) break;
      if (this.#read(oldest) !== undefined) this.#gone++;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    const list = this.#lists.get(name) ?? this.#pinned.get(name);
    if (list === undefined) return;
    if (this.#lists.delete(name)) this.#bytes -= list.bytes;
    this.#pinned.delete(name);
    const names = this.#names.get(list.of);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(list.of);
  }
}

/**
 * The name of a list: one part for the last change of a type, two for the latest of a key, three for a tail, so that
 * no two kinds share a name.
 */
function nameOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
