import { randomBytes } from 'node:crypto';
import type { Cursor } from '../model/cursor.ts';
import { asBelfryError } from '../model/errors.ts';
import { OutcomeUnknown, type Attempt, type Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import type { Layout } from '../model/shards.ts';
import type { Body } from './redis-log-entry.ts';
import { ShardClosed } from './redis-publish-refusal.ts';

/** Publishes some events in one shard, all or none. Rejects with ShardClosed where the shard takes nothing any more. */
export type PublishIn = (
  shard: number,
  bodies: readonly Body[],
  once?: Once,
  fence?: Fence,
) => Promise<Cursor[]>;

/** How a publish is known to the shards. */
export interface Known {
  readonly once?: Once | undefined;
  readonly fence?: Fence | undefined;
  /** The attempt that Redis can be asked for, once a list was divided. */
  readonly attempt?: Attempt;
}

/** What became of a list in one layout. */
export interface Split {
  /** The id of each event; `undefined` for an event that no shard took, since its shard is closed. */
  readonly ids: readonly (Cursor | undefined)[];
  /** How the rest is published in another layout. */
  readonly known: Known;
}

/**
 * Publishes lists of which the events lie in several shards. Each shard takes its part as a whole or not at all, under one
 * idempotency key; if only some of them took theirs, the outcome is unknown, and a repetition completes the list.
 */
export class SplitPublish {
  readonly #publishIn: PublishIn;
  readonly #boot = randomBytes(9).toString('base64url');
  #number = 0;

  constructor(publishIn: PublishIn) {
    this.#publishIn = publishIn;
  }

  /** `isLast` says that no later layout may have taken them. @throws BelfryError as {@link Broker.publish} */
  publish(
    layout: Layout,
    bodies: readonly Body[],
    now: number,
    known: Known,
    isLast: boolean,
  ): Promise<Split> {
    if (layout.isSingle) return this.#inOne(0, bodies, known, isLast);
    const shards = bodies.map(({ kind: [type, , key] }) => layout.shardOf(type, key));
    const [first = 0] = shards;
    const isOne = known.attempt === undefined && shards.every((shard) => shard === first);
    return isOne ? this.#inOne(first, bodies, known, isLast) : this.#inParts(shards, bodies, now, known);
  }

  async #inParts(
    shards: readonly number[],
    bodies: readonly Body[],
    now: number,
    known: Known,
  ): Promise<Split> {
    const { once, fence } = known;
    const attempt = known.attempt ?? once?.repeats ?? { boot: this.#boot, number: ++this.#number, at: now };
    // Where the publisher has no key, one that only this attempt and its repetitions have.
    const keyed = once !== undefined && once.repeats === undefined ? once : onceOf(attempt);
    const parts = Map.groupBy(bodies.keys(), (at) => shards[at] ?? 0);
    const ended = await Promise.allSettled(
      Array.from(parts, ([shard, places]) =>
        this.#publishIn(
          shard,
          places.flatMap((at) => bodies[at] ?? []),
          keyed,
          fence,
        ).catch(unlessClosed),
      ),
    );
    refuseCut(ended, attempt);
    const ids: (Cursor | undefined)[] = bodies.map(() => undefined);
    for (const [part, places] of [...parts.values()].entries()) {
      const found = ended[part];
      if (found?.status !== 'fulfilled') continue;
      for (const [i, at] of places.entries()) ids[at] = found.value[i];
    }
    return { ids, known: { once: keyed, fence, attempt } };
  }

  async #inOne(shard: number, bodies: readonly Body[], known: Known, isLast: boolean): Promise<Split> {
    const { once, fence } = known;
    try {
      return { ids: await this.#publishIn(shard, bodies, once, fence), known };
    } catch (error) {
      const none = bodies.map(() => undefined);
      // The attempt that is repeated may have been made in a later layout.
      if (error instanceof OutcomeUnknown && once?.repeats !== undefined && !isLast)
        return { ids: none, known };
      if (!(error instanceof ShardClosed)) throw error;
      return { ids: none, known: { fence, once: once && { key: once.key, digest: once.digest } } };
    }
  }
}

function unlessClosed(error: unknown): Cursor[] {
  if (error instanceof ShardClosed) return [];
  throw error;
}

function onceOf({ boot, number }: Attempt): Once {
  return { key: `split:${boot}:${number}`, digest: 'split' };
}

/** @throws BelfryError for which no shard took anything, and OutcomeUnknown when some may have */
function refuseCut(ended: readonly PromiseSettledResult<Cursor[]>[], attempt: Attempt): void {
  const reasons = ended.flatMap((each) => (each.status === 'rejected' ? [asBelfryError(each.reason)] : []));
  const [first] = reasons;
  if (first === undefined) return;
  const certain = reasons.filter((reason) => !(reason instanceof OutcomeUnknown));
  if (certain.length === ended.length) throw first;
  // A lease that is lost, and a key that was used for something else, stay so however often the list is repeated.
  const final = certain.find(({ code }) => code !== 'unavailable');
  throw final ?? new OutcomeUnknown(attempt, undefined, first);
}
