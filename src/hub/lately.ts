import type { History } from '../broker/broker.ts';
import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { matches } from './subscription.ts';
import { heldBytes } from './encoded.ts';
import type { Recent } from './recent.ts';

const FATE = 'the oldest are forgotten';
const MAX_EVENTS = bound('events kept for new sockets of a dialect', 10_000, 'entries', FATE);
const MAX_BYTES = bound('bytes of events kept for new sockets of a dialect', 32 * 1024 * 1024, 'bytes', FATE);

interface Log {
  readonly recent: Recent;
  readonly history: Pick<History, 'after'>;
}

/**
 * What the log has told lately to certain subscriptions, kept for the next who asks, who then reads on from there: so a
 * storm of new sockets reads the log once, and not once each.
 */
export class Lately {
  readonly #log: Log;
  readonly #subscriptions: readonly Subscription[];
  #events: HubEvent[] = [];
  /** How far the log has been read. */
  #at: Cursor = START;
  #last: Promise<unknown> = Promise.resolve();

  constructor(log: Log, subscriptions: readonly Subscription[]) {
    this.#log = log;
    this.#subscriptions = subscriptions;
  }

  /** The events after a place, and how far they go. One asks after the other. Rejects when the log cannot be read. */
  since(from: Cursor): Promise<{ readonly events: readonly HubEvent[]; readonly cursor: Cursor }> {
    const read = this.#last.then(async () => {
      this.#forget(from);
      await this.#readOn();
      return { events: [...this.#events], cursor: this.#at };
    });
    // Told to whoever asked; the next one tries anew.
    this.#last = read.catch(() => undefined);
    return read;
  }

  /** Nothing is kept of a log that began anew behind what was read. */
  #forget(from: Cursor): void {
    if (compareCursors(this.#at, this.#log.recent.position) > 0) this.#at = START;
    const isOver = compareCursors(this.#at, from) <= 0;
    if (isOver) this.#at = from;
    this.#events = isOver ? [] : this.#events.filter(({ id }) => isAfter(id, from));
  }

  async #readOn(): Promise<void> {
    const { history, recent } = this.#log;
    if (!recent.covers(this.#at)) {
      for await (const event of history.after(this.#at)) {
        if (isAfter(event.id, recent.position)) break;
        this.#take(event);
        if (recent.covers(this.#at)) break;
      }
    }
    if (recent.covers(this.#at)) for (const event of recent.after(this.#at)) this.#take(event);
    this.#bound();
  }

  #take(event: HubEvent): void {
    this.#at = event.id ?? this.#at;
    if (!this.#subscriptions.some((subscription) => matches(subscription, event))) return;
    this.#events.push(event);
    if (this.#events.length > 2 * MAX_EVENTS) this.#bound();
  }

  #bound(): void {
    let bytes = 0;
    const latest = this.#events.slice(-MAX_EVENTS);
    const first = latest.findLastIndex((event) => (bytes += heldBytes(event)) > MAX_BYTES);
    this.#events = latest.slice(first + 1);
  }
}

function isAfter(id: Cursor | undefined, position: Cursor): boolean {
  return compareCursors(id ?? START, position) > 0;
}
