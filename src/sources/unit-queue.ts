import { bound } from '../model/bound.ts';
import type { Waiting } from './counts.ts';
import type { SourceEvent, SourcePosition, WhenFull } from './source.ts';

/** An event that waits, as the JSON that is sent. */
export interface Entry {
  readonly json: string;
  readonly bytes: number;
  readonly topic: Pick<SourceEvent, 'type' | 'action' | 'key'>;
  readonly position: SourcePosition;
}

/** Events that were left out, of one type and key. */
export interface Dropped {
  readonly type: string;
  /** Empty where events of more keys were left out than are told apart. */
  readonly key: string;
  /** The positions of the first and of the last of them. */
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  readonly count: number;
}

const MAX_ENTRIES = bound(
  'events that wait in one unit of a source',
  1_024,
  'entries',
  'what is watched is not read any further, or the oldest is left out and the count is published',
);
const MAX_BYTES = bound(
  'bytes that wait in one unit of a source',
  4 * 1024 * 1024,
  'bytes',
  'what is watched is not read any further, or the oldest is left out and the count is published',
);
const MAX_TOTAL_BYTES = bound(
  'bytes that wait in all units of a source',
  64 * 1024 * 1024,
  'bytes',
  'each unit counts as full with one event',
);
/** The hub takes no longer list. */
export const LIST_EVENTS = bound(
  'events of one list of a source',
  256,
  'entries',
  'the others are sent in the next list',
);
/** The hub takes a list of eight times the size of its largest event. */
const LIST_BYTES = bound(
  'bytes of one list of a source',
  512 * 1024,
  'bytes',
  'the others are sent in the next list; one larger event is sent alone',
);

const GAPS = bound(
  'keys for which one unit of a source tells apart what was left out',
  LIST_EVENTS,
  'entries',
  'the others are counted together, under an empty key',
);

/** The events of one unit that the hub has not accepted, in their order. */
export class UnitQueue {
  readonly #whenFull: WhenFull;
  readonly #total: Waiting;
  readonly #dropped: (count: number) => void;
  #entries: Entry[] = [];
  #bytes = 0;
  /** The list that is being sent, which nothing may change. */
  #sending: readonly Entry[] = [];
  /** By type and key; the one to which something was added last is the last. */
  #gaps = new Map<string, Dropped>();

  /** `dropped` is told of events that are left out, by their number. */
  constructor(whenFull: WhenFull, total: Waiting, dropped: (count: number) => void) {
    this.#whenFull = whenFull;
    this.#total = total;
    this.#dropped = dropped;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#sending.length === 0;
  }

  get size(): number {
    return this.#entries.length + this.#sending.length;
  }

  get isFull(): boolean {
    if (this.#whenFull === 'newest') return this.#entries.length > 0;
    const isOver = this.#entries.length >= MAX_ENTRIES || this.#bytes >= MAX_BYTES;
    return isOver || (this.#total.bytes >= MAX_TOTAL_BYTES && this.#entries.length > 0);
  }

  push(entry: Entry): void {
    if (this.#whenFull !== 'wait' && this.isFull) this.#dropOldest();
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  /** The next list that is to be sent, with an event for what was left out before it. It counts as waiting until {@link sent}. */
  take(gapEntry: (gap: Dropped) => Entry): readonly Entry[] {
    const list = Array.from(this.#gaps.values(), gapEntry);
    this.#gaps.clear();
    for (const entry of list) this.#count(entry, 1);
    const atMost = LIST_EVENTS - list.length;
    let bytes = list.reduce((sum, entry) => sum + entry.bytes, 0);
    let taken = 0;
    for (const entry of this.#entries) {
      bytes += entry.bytes;
      if (taken === atMost || (bytes > LIST_BYTES && list.length + taken > 0)) break;
      taken++;
    }
    this.#sending = [...list, ...this.#entries.splice(0, taken)];
    return this.#sending;
  }

  /** The list is accepted or refused. */
  sent(): void {
    for (const entry of this.#sending) this.#count(entry, -1);
    this.#sending = [];
  }

  /** Leaves out everything that waits, and tells nobody. A list that is being sent counts until {@link sent}. */
  clear(): void {
    for (const entry of this.#entries.splice(0)) this.#count(entry, -1);
    this.#gaps.clear();
  }

  #dropOldest(): void {
    const oldest = this.#entries.shift();
    if (oldest === undefined) return;
    this.#count(oldest, -1);
    this.#dropped(1);
    if (this.#whenFull === 'newest') return;
    const { topic, position } = oldest;
    const { type } = topic;
    const name = JSON.stringify([type, topic.key]);
    const isApart = this.#gaps.has(name) || this.#gaps.size < GAPS - 1;
    const [id, key] = isApart ? [name, topic.key] : ['', ''];
    const { from = position, count = 0 } = this.#gaps.get(id) ?? {};
    this.#gaps.delete(id);
    this.#gaps.set(id, { type, key, from, to: position, count: count + 1 });
  }

  #count({ bytes: size }: Entry, by: 1 | -1): void {
    const bytes = by * size;
    this.#bytes += bytes;
    this.#total.bytes += bytes;
    this.#total.events += by;
  }
}
