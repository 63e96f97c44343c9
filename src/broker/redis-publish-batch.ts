import type { Redis, Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { Cursor } from '../model/cursor.ts';
import type { Body } from './redis-log-entry.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** publish-batch.lua */
    belfryPublish(
      keyCount: number,
      ...keysAndArguments: (string | number)[]
    ): Result<(Cursor[] | Error)[], Context>;
  }
}

const NEXT = 'the next ones share another';
/** Redis does nothing else while it carries out a call. */
const MAX_PUBLISHES = bound('publishes that share one call of Redis', 100, 'entries', NEXT);
const MAX_CHARACTERS = bound(
  'JSON of the publishes that share one call of Redis, but for one that is longer',
  1_048_576,
  'characters',
  NEXT,
);

/** One attempt of this node to publish some events, all or none. */
export interface PublishRequest {
  readonly number: number;
  /** The key in Redis of the idempotency key, with the digest that belongs to it. */
  readonly once: { readonly key: string; readonly digest: string } | undefined;
  readonly bodies: readonly Body[];
}

interface Waiting {
  readonly request: PublishRequest;
  readonly characters: number;
  readonly resolve: (ids: Cursor[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends the publishes of one turn of the event loop in one call, since the call itself costs more than an event of it.
 * Each is carried out and answered as if it had been sent alone: publish-batch.lua says how.
 */
export class PublishBatch {
  readonly #redis: Redis;
  readonly #keys: readonly [log: string, outcomes: string];
  #waiting: Waiting[] = [];

  constructor(redis: Redis, keys: readonly [log: string, outcomes: string]) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Rejects with the error of Redis or of its connection. The numbers of the requests must rise. */
  publish(request: PublishRequest): Promise<Cursor[]> {
    return new Promise((resolve, reject) => {
      const characters = request.bodies.reduce((sum, { json }) => sum + json.length, 0);
      if (this.#waiting.push({ request, characters, resolve, reject }) === 1) setImmediate(() => this.send());
    });
  }

  /** Sends what waits, before anything with a higher number. */
  send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length;) {
      const to = endOfCall(waiting, from);
      void this.#call(waiting.slice(from, to));
      from = to;
    }
  }

  async #call(publishes: readonly Waiting[]): Promise<void> {
    const keys: string[] = [...this.#keys];
    const asked = publishes.flatMap(({ request }) => argumentsOf(request, keys));
    try {
      const answers = await this.#redis.belfryPublish(keys.length, ...keys, ...asked);
      for (const [i, { resolve, reject }] of publishes.entries()) {
        const answer = answers[i];
        if (Array.isArray(answer)) resolve(answer);
        else reject(answer);
      }
    } catch (error) {
      for (const { reject } of publishes) reject(error);
    }
  }
}

/** The end of the publishes that share a call with the one at `from`. */
function endOfCall(publishes: readonly Waiting[], from: number): number {
  let characters = 0;
  let end = from;
  while (end < publishes.length && end - from < MAX_PUBLISHES) {
    characters += publishes[end]?.characters ?? 0;
    if (end > from && characters > MAX_CHARACTERS) break;
    end++;
  }
  return end;
}

/** The arguments of one publish, as publish-batch.lua reads them; its idempotency key goes to the keys. */
function argumentsOf({ number, once, bodies }: PublishRequest, keys: string[]): (string | number)[] {
  const place = once === undefined ? 0 : keys.push(once.key);
  const events = bodies.flatMap(({ json, kind }) => [json, ...kind]);
  return [number, place, once?.digest ?? '', bodies.length, ...events];
}
