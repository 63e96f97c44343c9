import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import type { Layout } from '../model/shards.ts';
import type { Division, StoredLayout } from './redis-layout.ts';

/** For so long a repetition may be of a publish that a closed shard took. Outcomes are kept for so long. */
const EARLIER_MS = bound(
  'time for which publishes with an idempotency key are looked up in the shards before, after a hub was divided anew',
  10 * 60_000,
  'ms',
  'a repetition after it is published as a new event',
);
/** How often a node looks whether it may go on, while the hub is being divided anew. */
const LOOK_MS = 20;

export interface LayoutFollowerOptions {
  readonly stored: Pick<StoredLayout, 'read'>;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly log: Logger;
  /** Opens the shards of a layout, so that they can be used. */
  readonly open: (layout: Layout) => Promise<void>;
  /** Does what is left to do for the next epoch. @returns whether this node did anything */
  readonly reshard: (division: Division) => Promise<boolean>;
  /** Resolves when no publish is under way that began before. Later ones wait until its answer is called. */
  readonly hold: () => Promise<() => void>;
  /** Whether this node has delivered the shards up to these ends. */
  readonly hasDelivered: (ends: NonNullable<Division['next']>['after'] & object) => boolean;
  /** Called when this node publishes in another layout from now on. */
  readonly published: (layout: Layout) => void;
  /** Called when what is delivered is divided in another way from now on, with the layout before. */
  readonly delivered: (before: Layout) => void;
}

/**
 * Follows the layout of a hub while it changes. A node publishes in the newest one as soon as it knows it. It delivers what
 * lies in the shards of the newest epoch when it has delivered all of the epoch before, so that the order for each key holds.
 */
export class LayoutFollower {
  /** In which the node publishes. */
  newest: Layout;
  /** By which the node delivers. */
  delivered: Layout;
  readonly #options: LayoutFollowerOptions;
  #earlier: { readonly layout: Layout; readonly untilMs: number } | undefined;
  #checking: Promise<void> | undefined;
  #again = false;
  #isDelivering = false;
  /** How many wait for another layout, and what they wait for. */
  #waiting = 0;
  #change = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(layout: Layout, options: LayoutFollowerOptions) {
    this.newest = this.delivered = layout;
    this.#options = options;
  }

  /** The layout before the newest one, for as long as a publish may have been tried in it before. */
  get earlier(): Layout | undefined {
    const { layout, untilMs = 0 } = this.#earlier ?? {};
    if (layout === undefined || this.newest.isGone(layout.newest.first)) return undefined;
    return this.#options.clock.elapsed() < untilMs ? layout : undefined;
  }

  /** Begins with what was read at the start. */
  begin(layout: Layout): void {
    this.newest = this.delivered = layout;
    const { epochs } = layout;
    if (epochs.length > 1) this.#keepEarlier(layout.before);
    this.#options.published(layout);
  }

  /** Reads the layout again, and goes on to the next one if there is one. It never rejects. */
  check(): Promise<void> {
    this.#again = true;
    return (this.#checking ??= this.#check().finally(() => (this.#checking = undefined)));
  }

  /**
   * The newest layout, once it is another one than this. Those who wait for the same one go on in the order in which they
   * began to wait.
   * @throws BelfryError `unavailable` after so many milliseconds
   */
  async after(layout: Layout, withinMs: number): Promise<Layout> {
    if (this.newest !== layout) return this.newest;
    const { promise: isLate, resolve: end } = Promise.withResolvers<void>();
    const stopTimer = this.#options.clock.after(withinMs, end);
    void this.#look();
    this.#waiting++;
    await Promise.race([this.#change.promise, isLate]);
    this.#waiting--;
    stopTimer();
    if (this.newest !== layout) return this.newest;
    throw new BelfryError(
      'unavailable',
      'The hub is being divided into other shards, which has not ended in time. Expected another try in a moment.',
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#change.resolve();
  }

  /** Reads the layout again and again, for as long as anybody waits for another one. */
  async #look(): Promise<void> {
    if (this.#waiting > 0) return;
    do {
      await this.check();
      await this.#pause();
    } while (this.#waiting > 0 && !this.#isStopped);
  }

  async #check(): Promise<void> {
    while (this.#again && !this.#isStopped) {
      this.#again = false;
      try {
        await this.#read();
      } catch (error) {
        this.#options.log.debug({ err: error }, 'cannot follow the layout of the hub; trying again');
      }
    }
  }

  async #read(): Promise<void> {
    const { stored, open, reshard, hold, published } = this.#options;
    let division = await stored.read(this.newest);
    while (division.next !== undefined) {
      await open(division.layout.with(division.next));
      if (!(await reshard(division))) break;
      division = await stored.read(this.newest);
    }
    const { layout } = division;
    if (layout.newest.first < this.newest.newest.first)
      this.#options.log.error({ layout: layout.epochs }, 'another hub has taken over the Redis of this one');
    if (layout.newest.first <= this.newest.newest.first) return this.#letGo(layout);
    await open(layout);
    const goOn = await hold();
    this.#keepEarlier(this.newest);
    this.newest = layout;
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    resolve();
    // Those that a closed shard has refused go first.
    setImmediate(goOn);
    published(layout);
    void this.#deliver();
  }

  /** Goes on without the epochs whose logs have run out. */
  #letGo(layout: Layout): void {
    if (layout.newest.first !== this.newest.newest.first || !this.newest.hasMoreThan(layout)) return;
    const before = this.delivered;
    this.newest = layout;
    if (before.newest.first !== layout.newest.first) return;
    this.delivered = layout;
    this.#options.delivered(before);
  }

  #keepEarlier(layout: Layout): void {
    this.#earlier = { layout, untilMs: this.#options.clock.elapsed() + EARLIER_MS };
  }

  /** Goes on from one layout to the next as soon as everything before was delivered. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    const { hasDelivered, delivered } = this.#options;
    for (let next; (next = this.delivered.nextOnTheWayTo(this.newest)) && !this.#isStopped;) {
      if (hasDelivered(next.newest.after ?? {})) {
        const before = this.delivered;
        this.delivered = next;
        delivered(before);
      } else await this.#pause();
    }
    this.#isDelivering = false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(LOOK_MS, resolve));
  }
}
