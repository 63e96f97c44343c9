import type { Cursor } from '../model/cursor.ts';
import { OutcomeUnknown, type Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import type { LayoutFollower } from './redis-layout-follower.ts';
import type { Body } from './redis-log-entry.ts';
import { ShardClosed } from './redis-publish-refusal.ts';
import type { Known, Split, SplitPublish } from './redis-split-publish.ts';

/** The layout of a hub, which may change while something is published. */
type Layouts = Pick<LayoutFollower, 'newest' | 'earlier' | 'after'>;

/**
 * Publishes in the shards of a hub that may be divided anew meanwhile. What a closed shard refuses is published in the new
 * shards, before anything that came later. A publish that may be a repetition is tried in the shards before: a closed shard
 * still knows what it took.
 */
export class MovingPublish {
  readonly #layouts: Layouts;
  readonly #split: SplitPublish;
  readonly #withinMs: number;
  #underWay = 0;
  #settled: (() => void) | undefined;
  /** What new publishes wait for, while the node goes on to another layout. */
  #gate: Promise<void> | undefined;

  constructor(layouts: Layouts, split: SplitPublish, withinMs: number) {
    this.#layouts = layouts;
    this.#split = split;
    this.#withinMs = withinMs;
  }

  /** @throws BelfryError as {@link Broker.publish} */
  async publish(bodies: readonly Body[], now: number, once?: Once, fence?: Fence): Promise<Cursor[]> {
    while (this.#gate !== undefined) await this.#gate;
    let { newest: layout } = this.#layouts;
    if (once !== undefined) layout = this.#layouts.earlier ?? layout;
    let { ids, known } = await this.#in(layout, bodies, now, { once, fence });
    while (ids.includes(undefined)) {
      layout = await this.#after(layout, known);
      const left = bodies.filter((_, at) => ids[at] === undefined);
      const rest = await this.#in(layout, left, now, known);
      let next = 0;
      ids = ids.map((id) => id ?? rest.ids[next++]);
      ({ known } = rest);
    }
    return ids.filter((id) => id !== undefined);
  }

  /** Holds back what is published from now on, and resolves when nothing is under way that began before. */
  async hold(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    if (this.#underWay > 0) await new Promise<void>((settle) => (this.#settled = settle));
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  async #after(layout: Layouts['newest'], { attempt }: Known): Promise<Layouts['newest']> {
    try {
      return await this.#layouts.after(layout, this.#withinMs);
    } catch (error) {
      // Some of the closed shards may have taken their part before.
      throw attempt === undefined ? new ShardClosed() : new OutcomeUnknown(attempt, undefined, error);
    }
  }

  #in(layout: Layouts['newest'], bodies: readonly Body[], now: number, known: Known): Promise<Split> {
    const publishing = this.#split.publish(layout, bodies, now, known, layout === this.#layouts.newest);
    this.#underWay++;
    const settle = (): void => {
      if (--this.#underWay === 0) this.#settled?.();
    };
    publishing.then(settle, settle);
    return publishing;
  }
}
