import { isCursor } from '../../model/cursor.ts';
import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import { deferred } from './environment.ts';
import { HubError } from './errors.ts';
import type { Gap, HubEvent, Item } from './item.ts';
import { matches, readPattern, type Filters, type ReadPattern } from './match.ts';
import { ItemQueue } from './queue.ts';

export interface ListenOptions {
  /** The hub sends only events that pass. */
  readonly filters?: Filters;
  /** Begin after this cursor, or at this time, instead of now. */
  readonly since?: string | Date;
  /** Ends the listening. */
  readonly signal?: AbortSignal;
  /** What becomes of events when the code that reads them is slow. `close`, the default, leaves none out. */
  readonly slow?: SlowPolicyName;
  /** How many events wait at most for the code that reads them. */
  readonly max?: number;
}

const MAX_WAITING = 1_000;

/** What reads the events of the hub: where its events come from. */
export interface Origin {
  /** The listener wants nothing more. */
  leave(listener: Listener): void;
  /** The listener, which had no room, has taken all that waited. */
  goOn(listener: Listener): void;
}

/** Prepares an event for its reader. `undefined` leaves the event out. */
export type Reader<T> = (event: HubEvent) => HubEvent<T> | undefined | Promise<HubEvent<T> | undefined>;

/** Events that match some patterns, in their order, for one reader. It is an async iterator. */
export class Listener<T = unknown> implements AsyncIterableIterator<Item<T>>, AsyncDisposable {
  readonly patterns: readonly ReadPattern[];
  readonly filters: Filters | undefined;
  readonly slow: SlowPolicyName;
  /** Resolves once the hub sends events to it, and rejects when it refuses. */
  readonly ready: Promise<void>;
  /**
   * Whether the hub sends it events: not yet asked to, asked, or does. One that is `behind` wants no more until its
   * reader has taken what waits.
   */
  state: 'new' | 'asked' | 'joined' | 'behind' = 'new';
  /** The position up to which it was given everything. */
  position: string | undefined;
  /** Where it begins, while it has no position. */
  readonly start: string | undefined;
  readonly #origin: Origin;
  readonly #read: Reader<T>;
  readonly #queue: ItemQueue;
  readonly #opened = deferred<void>();
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();
  #wake: (() => void) | undefined;
  #ended: { readonly error?: HubError } | undefined;

  constructor(patterns: string | readonly string[], options: ListenOptions, origin: Origin, read: Reader<T>) {
    const { filters, since, signal, slow = 'close', max = MAX_WAITING } = options;
    this.patterns = [patterns].flat().map(readPattern);
    this.filters = filters;
    this.slow = slow;
    this.start = startOf(since);
    this.#origin = origin;
    this.#read = read;
    this.#queue = new ItemQueue(max, slow);
    this.ready = this.#opened.promise;
    // The iterator says the same, to whoever reads it.
    this.ready.catch(() => undefined);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort);
  }

  /** Where to go on later with `since`: the id of the last event that was taken. */
  get cursor(): string | undefined {
    return this.#queue.taken;
  }

  matches(event: HubEvent): boolean {
    return matches(this.patterns, this.filters, event);
  }

  /** The hub sends it events from now on. */
  join(position: string | undefined): void {
    this.state = 'joined';
    this.position ??= position;
    this.#opened.resolve();
  }

  /** Answers whether there was room. */
  give(event: HubEvent): boolean {
    const taken = this.#queue.push(event);
    this.#wake?.();
    return taken;
  }

  tellGap(gap: Gap): void {
    this.#queue.tellGap(gap);
    this.#wake?.();
  }

  /** Ends it once what waits is taken, with an error if there is one. */
  end(error?: HubError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error === undefined ? {} : { error };
    this.#signal?.removeEventListener('abort', this.#abort);
    if (error === undefined) this.#opened.resolve();
    else this.#opened.reject(error);
    this.#wake?.();
  }

  close(): void {
    this.#origin.leave(this);
    this.end();
  }

  async next(): Promise<IteratorResult<Item<T>, undefined>> {
    for (;;) {
      const item = this.#take();
      if (item !== undefined) {
        if (item.gap !== undefined) return { value: item, done: false };
        const value = await this.#read(item);
        if (value !== undefined) return { value, done: false };
        continue;
      }
      if (this.#ended !== undefined) {
        const { error } = this.#ended;
        // It is told once. Whoever reads on is at the end.
        this.#ended = {};
        if (error !== undefined) throw error;
        return { value: undefined, done: true };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
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

  #take(): Item | undefined {
    const item = this.#queue.take();
    if (this.#queue.size === 0 && this.state === 'behind') this.#origin.goOn(this);
    return item;
  }
}

/** @throws HubError `cursor_invalid` */
function startOf(since: string | Date | undefined): string | undefined {
  const start = since instanceof Date ? since.toISOString() : since;
  if (start === undefined || isCursor(start) || !Number.isNaN(Date.parse(start))) return start;
  throw new HubError(
    'cursor_invalid',
    `"${start}" is no cursor. Expected the id of an event as the hub sent it, or a time.`,
  );
}
