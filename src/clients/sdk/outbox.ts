import { deferred, type Environment } from './environment.ts';
import { closedBy, HubError } from './errors.ts';
import type { Link } from './link.ts';
import { randomId } from './random-id.ts';
import type { StateStore } from './state.ts';
import { topicOf } from './topic.ts';

/** An event as a publisher states it. */
export interface NewEvent<T = unknown> {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: T;
  /** The object before the change. */
  readonly original?: T | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** A time as RFC 3339. If it is absent, the hub adds it. */
  readonly time?: string | undefined;
}

/** An event whose topic is one text, written as in a pattern. */
export type TopicalEvent = Omit<NewEvent, 'type' | 'action' | 'key'> & { readonly topic: string };

export interface PublishOptions {
  /** A repetition with the same key within five minutes is published once. If no key is given, a random one is used. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** What happens to a publish while there is no connection. The default is `reject`. */
  readonly offline?: 'reject' | 'queue';
  /** How many publishes may wait for a connection. */
  readonly max?: number;
  /** How long a publish waits for a connection and for its answer. */
  readonly ttlMs?: number;
}

interface Entry {
  readonly events: readonly NewEvent[];
  readonly key: string;
  readonly isQueued: boolean;
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
  /** The time when it was first sent. From then on nobody knows whether it was published. */
  sentAt?: number;
  /** The link over which it was sent last. */
  sentOver?: Link | undefined;
}

const MAX_QUEUED = 100;
const TTL_MS = 30_000;
/** The hub remembers a key for five minutes. A repetition after that would publish twice. */
const REPEATS_MS = 270_000;
const AGAIN_MS = 1_000;
/** After these errors a repetition may succeed. The first one says that it may have been published. */
const AGAIN: ReadonlySet<string> = new Set(['outcome_unknown', 'unavailable', 'lost']);

/** Publishes without an answer. They are sent again under their keys over each new link. */
export class Outbox {
  readonly #clock: Environment['clock'];
  readonly #state: Pick<StateStore, 'current'>;
  readonly #link: () => Link | undefined;
  readonly #entries = new Set<Entry>();

  /** `link` is the present one, which is there while the state is open. */
  constructor(clock: Environment['clock'], state: StateStore, link: () => Link | undefined) {
    this.#clock = clock;
    this.#state = state;
    this.#link = link;
    state.onChange(() => this.#changed());
  }

  /** Resolves with the ids of the events. */
  async publish(events: readonly NewEvent[], options: PublishOptions = {}): Promise<string[]> {
    const { idempotencyKey: key = randomId(), signal, offline, max = MAX_QUEUED, ttlMs = TTL_MS } = options;
    const { promise, resolve, reject } = deferred<string[]>();
    const isQueued = offline === 'queue';
    signal?.throwIfAborted();
    const { status, reason } = this.#state.current;
    if (status === 'closed') throw closedBy(reason);
    if (this.#isAway && !isQueued) throw this.#offline(key);
    if (this.#link() === undefined && this.#entries.size >= max)
      throw notPublished('queue_full', `${max} publishes wait already.`, key);
    const entry: Entry = { events, key, isQueued, resolve, reject };
    const abort = (): void => reject(signal?.reason);
    const cancel = this.#clock.after(ttlMs, () => this.#giveUp(entry));
    signal?.addEventListener('abort', abort);
    this.#entries.add(entry);
    this.#send(entry);
    try {
      return await promise;
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
      this.#entries.delete(entry);
    }
  }

  /** Rejects all publishes. Later ones are accepted again. */
  end(): void {
    for (const entry of this.#entries) this.#giveUp(entry, closedBy());
  }

  /** There was a connection, or an attempt to get one, and now there is none. */
  get #isAway(): boolean {
    const { status, reason } = this.#state.current;
    return status !== 'open' && reason !== undefined;
  }

  #changed(): void {
    const { status, reason } = this.#state.current;
    for (const entry of this.#entries) {
      if (status === 'closed') this.#giveUp(entry, closedBy(reason));
      else if (this.#isAway && !entry.isQueued && entry.sentAt === undefined) this.#giveUp(entry);
      else this.#send(entry);
    }
  }

  #giveUp({ sentAt, key, reject }: Entry, error = this.#offline(key)): void {
    reject(sentAt === undefined ? error : unknown(key));
  }

  #send(entry: Entry): void {
    const link = this.#link();
    if (link === undefined || link === entry.sentOver) return;
    const now = this.#clock.now();
    entry.sentAt ??= now;
    entry.sentOver = link;
    const { events, key, isQueued, sentAt } = entry;
    if (now - sentAt > REPEATS_MS) return entry.reject(unknown(key));
    link.send('publish', { events, idempotencyKey: key }, (error, reply) => {
      if (reply !== undefined) return entry.resolve(reply.object['ids'] as string[]);
      const { code = 'lost', message = '', see } = error ?? {};
      // The hub accepted nothing, so a publish that should not queue is rejected.
      if (!AGAIN.has(code) || (code === 'unavailable' && !isQueued))
        return entry.reject(new HubError(code, message, { see, idempotencyKey: key }));
      this.#clock.after(AGAIN_MS, () => {
        if (entry.sentOver === link) entry.sentOver = undefined;
        if (this.#entries.has(entry)) this.#send(entry);
      });
    });
  }

  #offline(key: string): HubError {
    const { code, text } = this.#state.current.reason ?? {};
    const why = text === undefined ? 'connecting takes too long' : `${code} ${text}`;
    return notPublished('offline', `There is no connection to the hub: ${why}.`, key);
  }
}

function notPublished(code: string, why: string, idempotencyKey: string): HubError {
  return new HubError(code, `${why} Nothing was published.`, { idempotencyKey });
}

function unknown(idempotencyKey: string): HubError {
  return new HubError(
    'outcome_unknown',
    'No answer came, so it may have been published. Publish the same again under this idempotencyKey within five minutes: it then happens once.',
    { idempotencyKey },
  );
}

/** @throws HubError `event_invalid` when the text is not one topic */
export function eventOf(event: NewEvent | TopicalEvent): NewEvent {
  if (!('topic' in event)) return event;
  const { topic, ...rest } = event;
  return { ...topicOf(topic), ...rest };
}
