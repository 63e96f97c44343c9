import { deferred, randomId, type Environment } from './environment.ts';
import { HubError } from './errors.ts';
import type { Link } from './link.ts';

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
  sentAt: number | undefined;
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
  readonly #environment: Environment;
  readonly #entries = new Set<Entry>();
  #link: Link | undefined;
  /** The reason why there is no connection and none is being made. */
  #away: string | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Resolves with the ids of the events. */
  async publish(events: readonly NewEvent[], options: PublishOptions = {}): Promise<string[]> {
    const { idempotencyKey: key = randomId(), signal, offline, max = MAX_QUEUED, ttlMs = TTL_MS } = options;
    const { promise, resolve, reject } = deferred<string[]>();
    const isQueued = offline === 'queue';
    signal?.throwIfAborted();
    if (this.#away !== undefined && !isQueued) throw offlineError(this.#away, key);
    if (this.#link === undefined && this.#entries.size >= max) throw fullError(max, key);
    // This is a copy, since a repetition must send the same.
    const own = JSON.parse(JSON.stringify(events)) as NewEvent[];
    const entry: Entry = { events: own, key, isQueued, resolve, reject, sentAt: undefined };
    this.#entries.add(entry);
    this.#send(entry);
    return this.#within(ttlMs, entry, promise, signal);
  }

  attach(link: Link): void {
    this.#link = link;
    this.#away = undefined;
    for (const entry of this.#entries) this.#send(entry);
  }

  detach(): void {
    this.#link = undefined;
  }

  /** Notes that there is no connection for now. Publishes that were already sent still wait for their answer. */
  wait({ code, text }: { readonly code: number; readonly text: string }): void {
    this.#away = `${code} ${text}`;
    for (const { isQueued, sentAt, reject, key } of this.#entries)
      if (!isQueued && sentAt === undefined) reject(offlineError(this.#away, key));
  }

  /** Rejects all publishes. Later ones are accepted again. */
  end(error: HubError): void {
    this.#away = undefined;
    for (const entry of this.#entries) entry.reject(entry.sentAt === undefined ? error : unknown(entry.key));
    this.#entries.clear();
  }

  async #within(
    ttlMs: number,
    entry: Entry,
    answer: Promise<string[]>,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const stop = this.#environment.clock.after(ttlMs, () => entry.reject(this.#lateError(entry)));
    const abort = (): void => entry.reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      return await answer;
    } finally {
      stop();
      signal?.removeEventListener('abort', abort);
      this.#entries.delete(entry);
    }
  }

  #send(entry: Entry): void {
    const link = this.#link;
    const { clock } = this.#environment;
    if (link === undefined || !this.#entries.has(entry)) return;
    entry.sentAt ??= clock.now();
    if (clock.now() - entry.sentAt > REPEATS_MS) return entry.reject(unknown(entry.key));
    const { events, key, isQueued } = entry;
    link.send('publish', { events, idempotencyKey: key }, (error, reply) => {
      if (reply !== undefined) return entry.resolve(reply.object['ids'] as string[]);
      const { code = 'lost', message = '', see } = error ?? {};
      // The hub accepted nothing, so a publish that should not queue is rejected.
      const isFinal = code === 'unavailable' && !isQueued;
      if (isFinal || !AGAIN.has(code)) {
        entry.reject(new HubError(code, message, { see, idempotencyKey: key }));
        return;
      }
      clock.after(AGAIN_MS, () => {
        if (this.#link === link) this.#send(entry);
      });
    });
  }

  #lateError({ sentAt, key }: Entry): HubError {
    return sentAt === undefined ? offlineError(this.#away ?? 'connecting takes too long', key) : unknown(key);
  }
}

function offlineError(why: string, idempotencyKey: string): HubError {
  return new HubError('offline', `There is no connection to the hub: ${why}. Nothing was published.`, {
    idempotencyKey,
  });
}

function fullError(max: number, idempotencyKey: string): HubError {
  return new HubError(
    'queue_full',
    `${max} publishes wait for a connection already. Nothing was published.`,
    {
      idempotencyKey,
    },
  );
}

function unknown(idempotencyKey: string): HubError {
  return new HubError(
    'outcome_unknown',
    'No answer came, so nobody can tell whether it was published. Expected the same again under the same idempotency key, within five minutes: it is then published once.',
    { idempotencyKey },
  );
}
