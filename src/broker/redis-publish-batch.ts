import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { Cursor } from '../model/cursor.ts';
import type { RedisConnection } from './redis-connection.ts';
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

/** The refusal of an attempt that comes after a later one. */
export const SUPERSEDED = 'BELFRY superseded';
/** The refusal of a publish whose fence is over. */
export const LEASE_LOST = 'BELFRY lease_lost';
/** The refusal of a publish in a shard that is closed, since the hub is divided anew. */
export const WRONG_SHARD = 'BELFRY wrong_shard';

/**
 * While Redis has nothing to do, as many publishes are sent before the turn ends: Redis then works on them while the node
 * reads the others.
 */
const EARLY = 16;

/** One attempt of this node to publish some events, all or none. */
export interface PublishRequest {
  readonly number: number;
  /** The key in Redis of the idempotency key, with the digest that belongs to it. */
  readonly once: { readonly key: string; readonly digest: string } | undefined;
  /** The key in Redis of the lease that the publish names, and its fence. */
  readonly fence: { readonly key: string; readonly fence: number } | undefined;
  readonly bodies: readonly Body[];
  readonly accepted: (ids: Cursor[]) => void;
  /** Is told what {@link RedisConnection.ask} rejects with. */
  readonly refused: (error: unknown) => void;
}

/**
 * Sends the publishes of one turn of the event loop in one call, since the call itself costs more than an event of it.
 * Each is carried out and answered as if it had been sent alone: publish-batch.lua says how.
 */
export class PublishBatch {
  readonly #connection: RedisConnection;
  readonly #keys: readonly [log: string, outcomes: string];
  readonly #send = (): void => this.send();
  #waiting: PublishRequest[] = [];
  #underWay = 0;

  constructor(connection: RedisConnection, keys: readonly [log: string, outcomes: string]) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** The numbers of the requests must rise. */
  add(request: PublishRequest): void {
    const count = this.#waiting.push(request);
    if (count === EARLY && this.#underWay === 0) this.send();
    else if (count === 1) setImmediate(this.#send);
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

  async #call(publishes: readonly PublishRequest[]): Promise<void> {
    const keys: string[] = [...this.#keys];
    const asked: (string | number)[] = [];
    for (const request of publishes) addArguments(request, keys, asked);
    this.#underWay++;
    try {
      const answers = await this.#connection.ask((redis) =>
        redis.belfryPublish(keys.length, ...keys, ...asked),
      );
      for (const [i, { accepted, refused }] of publishes.entries()) {
        const answer = answers[i];
        if (Array.isArray(answer)) accepted(answer);
        // A refusal of one publish is logged and reported as if it had been sent alone.
        else this.#connection.ask(() => Promise.reject(answer as Error), expectedIn(answer)).catch(refused);
      }
    } catch (error) {
      for (const { refused } of publishes) refused(error);
    } finally {
      this.#underWay--;
    }
  }
}

/** The end of the publishes that share a call with the one at `from`. */
function endOfCall(publishes: readonly PublishRequest[], from: number): number {
  let characters = 0;
  let end = from;
  while (end < publishes.length && end - from < MAX_PUBLISHES) {
    for (const { json } of publishes[end]?.bodies ?? []) characters += json.length;
    if (end > from && characters > MAX_CHARACTERS) break;
    end++;
  }
  return end;
}

/** The refusals that say nothing about Redis are not logged as its failures. */
function expectedIn(answer: Error | undefined): string {
  return [LEASE_LOST, WRONG_SHARD].find((begin) => answer?.message.startsWith(begin)) ?? SUPERSEDED;
}

/** Adds the arguments of one publish, as publish-batch.lua reads them; its idempotency key goes to the keys. */
function addArguments(
  { number, once, fence, bodies }: PublishRequest,
  keys: string[],
  asked: (string | number)[],
): void {
  const place = once === undefined ? 0 : keys.push(once.key);
  // Nearly all publishes name no lease, so they do not have arguments for it.
  const places = fence === undefined ? place : `${place} ${keys.push(fence.key)} ${fence.fence}`;
  asked.push(number, places, once?.digest ?? '', bodies.length);
  for (const { json, kind } of bodies) asked.push(json, ...kind);
}
