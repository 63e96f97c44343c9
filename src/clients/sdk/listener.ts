import { isPosition } from './positions.ts';
import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import { deferred, type Deferred } from './environment.ts';
import { HubError } from './errors.ts';
import type { Gap, HubEvent, Item } from './item.ts';
import { matches, readPattern, type Filters, type ReadPattern } from './match.ts';
import { ItemQueue } from './queue.ts';

export interface ListenOptions {
  /** The hub sends only events that pass these filters. */
  readonly filters?: Filters;
  /** The listener begins after this cursor, or at this time, instead of now. */
  readonly since?: string | Date;
  /** Aborting this signal ends the listener. */
  readonly signal?: AbortSignal;
  /** What happens to events when the code that reads them is slow. The default, `close`, leaves none out. */
  readonly slow?: SlowPolicyName;
  /** How many events may wait for the code that reads them. */
  readonly max?: number;
}

const MAX_WAITING = 1_000;

/** The source of a listener's events. */
export interface Origin {
  /** Called when the listener needs nothing more. */
  leave(listener: Listener): void;
  /** Called when the listener, which was full, has delivered everything that waited. */
  goOn(listener: Listener): void;
}

/** Prepares events for those who read them. */
export interface Reader {
  /** Returns the event as it is given on. `undefined` leaves it out. */
  heard(event: HubEvent): HubEvent | undefined | Promise<HubEvent | undefined>;
}

/** Events that match some patterns, in their order, for one reader. It is an async iterator. */
export class Listener<T = unknown> implements AsyncIterableIterator<Item<T>>, AsyncDisposable {
  readonly patterns: readonly ReadPattern[];
  readonly filters: Filters | undefined;
  readonly slow: SlowPolicyName;
  /** Resolves once the hub sends events to the listener, and rejects when the hub refuses it. */
  readonly ready: Promise<void>;
  /**
   * Whether the hub sends events to the listener: not yet requested, requested, or done. A listener that is `behind`
   * wants no more until its reader has taken what waits.
   */
  state: 'new' | 'asked' | 'joined' | 'behind' = 'new';
  /** The position up to which the listener was given all its events. */
  position: string | undefined;
  /** The position at which the listener begins, while it has none of its own. */
  readonly start: string | undefined;
  readonly #origin: Origin;
  readonly #reader: (() => Promise<Reader>) | undefined;
  readonly #queue: ItemQueue;
  readonly #opened = deferred<void>();
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();
  /** Settles when there is something to take. Absent while nobody waits for it. */
  #more: Deferred<void> | undefined;
  #ended: { readonly error?: HubError | undefined } | undefined;

  constructor(
    patterns: string | readonly string[],
    options: ListenOptions,
    origin: Origin,
    reader?: () => Promise<Reader>,
  ) {
    const { filters, since, signal, slow = 'close', max = MAX_WAITING } = options;
    this.patterns = [patterns].flat().map(readPattern);
    this.filters = filters;
    this.slow = slow;
    this.start = startOf(since);
    this.#origin = origin;
    this.#reader = reader;
    this.#queue = new ItemQueue(max, slow);
    this.ready = this.#opened.promise;
    // The iterator reports the same error to its reader.
    this.ready.catch(() => undefined);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort);
  }

  /** The value of `since` with which to go on later: the id of the last event that was taken. */
  get cursor(): string | undefined {
    return this.#queue.taken;
  }

  matches(event: HubEvent): boolean {
    return matches(this.patterns, this.filters, event);
  }

  /** Notes that the hub sends events to the listener from now on. */
  join(position: string | undefined): void {
    this.state = 'joined';
    this.position ??= position;
    this.#opened.resolve();
  }

  /** Adds an event. Returns whether there was room. */
  give(event: HubEvent): boolean {
    const taken = this.#queue.push(event);
    this.#wake();
    return taken;
  }

  tellGap(gap: Gap): void {
    this.#queue.tellGap(gap);
    this.#wake();
  }

  /** Ends the listener once what waits is taken, with an error if there is one. */
  end(error?: HubError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#signal?.removeEventListener('abort', this.#abort);
    if (error === undefined) this.#opened.resolve();
    else this.#opened.reject(error);
    this.#wake();
  }

  close(): void {
    this.#origin.leave(this);
    this.end();
  }

  async next(): Promise<IteratorResult<Item<T>, undefined>> {
    // No event is taken before there is what reads it, so none is lost where that cannot be loaded.
    const reader = await this.#reader?.();
    for (;;) {
      const item = this.#take();
      if (item !== undefined) {
        const value = item.gap === undefined && reader ? await reader.heard(item) : item;
        if (value !== undefined) return { value: value as Item<T>, done: false };
      } else if (this.#ended !== undefined) {
        const { error } = this.#ended;
        // The error is reported once. A reader that goes on reading is at the end.
        this.#ended = {};
        if (error !== undefined) throw error;
        return { value: undefined, done: true };
      } else await (this.#more ??= deferred()).promise;
    }
  }

  return(): Promise<IteratorResult<Item<T>, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #wake(): void {
    this.#more?.resolve();
    this.#more = undefined;
  }

  #take(): Item | undefined {
    const item = this.#queue.take();
    if (this.#queue.size === 0 && this.state === 'behind') this.#origin.goOn(this);
    return item;
  }
}

/** @throws HubError `cursor_invalid` */
function startOf(since: string | Date | undefined): string | undefined {
  const start = since instanceof Date ? since.toISOString() : since;
  if (start === undefined || isPosition(start) || !Number.isNaN(Date.parse(start))) return start;
  throw new HubError('cursor_invalid', `"${start}" is neither the id of an event nor a time.`);
}
