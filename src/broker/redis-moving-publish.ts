import type { Cursor } from '../model/cursor.ts';
import { OutcomeUnknown, type Once } from '../model/idempotency.ts';
import type { Fence } from '../model/lease.ts';
import type { LayoutFollower } from './redis-layout-follower.ts';
import type { Body } from './redis-log-entry.ts';
import { ShardClosed } from './redis-publish-refusal.ts';
import type { Known, SplitPublish } from './redis-split-publish.ts';

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
    const ids: Cursor[] = [];
    let left = [...bodies.keys()];
    let known: Known = { once, fence };
    for (;;) {
      const part = left.length === bodies.length ? bodies : left.flatMap((at) => bodies[at] ?? []);
      const found = await this.#counted(
        this.#split.publish(layout, part, now, known, layout === this.#layouts.newest),
      );
      for (const [i, at] of left.entries()) ids[at] = found.ids[i] ?? '';
      left = left.filter((_, i) => found.ids[i] === undefined);
      if (left.length === 0) return ids;
      known = found.known;
      layout = await this.#after(layout, known);
    }
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

  async #counted<T>(publishing: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await publishing;
    } finally {
      if (--this.#underWay === 0) this.#settled?.();
    }
  }
}
