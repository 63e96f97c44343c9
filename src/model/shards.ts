import { hash } from 'node:crypto';
import { bound } from './bound.ts';
import { compareCursors, cursorIn, START, type Cursor } from './cursor.ts';
import { RESERVED_TYPES } from './event.ts';
import type { PatternParts } from './pattern-parts.ts';

const MAX_KNOWN = bound(
  'types whose shards a node remembers',
  1_000,
  'entries',
  'all are forgotten, and found again when they are needed',
);

/** Over how many shards the keys of a type are spread. The keys of a type that is not named lie in one shard. */
export type Fans = Readonly<Record<string, number>>;

/** Shards that share the events between them, for as long as the epoch is the newest of its layout. */
export interface Epoch {
  /** The number of its first shard. The others follow it. No number is ever used again. */
  readonly first: number;
  readonly count: number;
  readonly fans: Fans;
  /**
   * The last entries of the shards of the epoch before, when these were closed for this one: events of the same key stand up to
   * there, and then in this epoch. Absent in the first epoch of a hub.
   */
  readonly after?: Readonly<Record<string, Cursor>>;
  /** The logs of its shards have run out, so that nobody reads them any more. */
  readonly gone?: true;
}

const OWN_SHARD: readonly number[] = [0];
const OWN: ReadonlySet<string> = new Set(RESERVED_TYPES);

/**
 * How the events of a hub are divided into shards, of which each has a log of its own. Shard 0 has the hub's own events: its
 * connections, presence and interest, so that no coming and going takes the place of what others publish. An event of a
 * publisher goes to a shard of the newest epoch. The shards of earlier epochs are read until their logs have run out; then it is
 * still known where they ended, so that a client with an older position is told what it has missed.
 */
export class Layout {
  /** Oldest first. The last one takes new events. */
  readonly epochs: readonly [Epoch, ...Epoch[]];
  /** The shards in which events may lie, in rising order. */
  readonly shards: readonly number[];
  /** The epoch that takes new events. */
  readonly newest: Epoch;
  /** The epochs whose shards are read. */
  readonly #living: readonly Epoch[];
  /** The shards of each type in the newest epoch, in the order of the remainders of the hashes of its keys. */
  readonly #known = new Map<string, readonly number[]>();

  /** One log for all events, as it is unless somebody sets another number of shards. */
  static readonly single = new Layout([{ first: 0, count: 1, fans: {} }]);

  constructor(epochs: readonly [Epoch, ...Epoch[]]) {
    this.epochs = epochs;
    this.newest = epochs.at(-1) ?? epochs[0];
    this.#living = epochs.filter(({ gone }) => gone !== true);
    this.shards = rising([0, ...this.#living.flatMap(shardsOfEpoch)]);
  }

  /** The layout of a hub that begins with this many shards. */
  static of(count: number, fans: Fans = {}): Layout {
    return new Layout([{ first: count === 1 ? 0 : 1, count, fans }]);
  }

  /** Whether all events lie in the log of shard 0. */
  get isSingle(): boolean {
    return this.shards.length === 1;
  }

  /** The shard to which an event is published. */
  shardOf(type: string, key: string): number {
    const shards = this.shardsOfType(type);
    return (shards.length === 1 ? shards[0] : shards[remainder(key, shards.length)]) ?? 0;
  }

  /** The shards in which an event that matches the pattern may lie, in rising order. */
  shardsOf([types, , keys]: PatternParts): readonly number[] {
    if (this.isSingle) return OWN_SHARD;
    if (types === '*') return this.shards;
    return this.#inEpochs(this.#living, types, keys);
  }

  /** The shards whose logs have run out, in which events that match the pattern lay, in rising order. */
  goneShardsOf([types, , keys]: PatternParts): readonly number[] {
    return this.#inEpochs(this.#gone, types, keys);
  }

  /** Whether a shard was one of the hub, and its log has run out. */
  isGone(shard: number): boolean {
    return shard !== 0 && this.epochs[this.epochAt(shard)]?.gone === true;
  }

  /** Where the log of a shard ended that was closed. */
  endOf(shard: number): Cursor | undefined {
    const at = this.epochAt(shard);
    const end = at < 0 ? undefined : this.epochs[at + 1]?.after?.[shard];
    return end === undefined ? undefined : cursorIn(shard, end);
  }

  /** The oldest epoch before the newest one whose shards are read. */
  get oldest(): Epoch | undefined {
    const [oldest] = this.#living;
    return oldest === this.newest ? undefined : oldest;
  }

  /** The same hub, once the logs of its oldest epoch have run out. */
  withoutOldest(): Layout {
    const { oldest } = this;
    const epochs = this.epochs.map((epoch) => (epoch === oldest ? { ...epoch, gone: true as const } : epoch));
    return new Layout(epochs as [Epoch, ...Epoch[]]);
  }

  /** Whether the logs of fewer epochs have run out, of those that another layout has too. */
  hasMoreThan({ epochs }: Layout): boolean {
    return this.#living.some(({ first }) => epochs.some((other) => other.first === first && other.gone));
  }

  /** The position at which the log of a shard begins. The logs of an epoch go on after the last entry of those before. */
  beginOf(shard: number): Cursor {
    const { after = {} } = this.epochs[this.epochAt(shard)] ?? {};
    const last = Object.values(after).reduce((a, b) => (compareCursors(a, b) > 0 ? a : b), START);
    return cursorIn(shard, last);
  }

  /** The place of the epoch that has a shard among all epochs; -1 where none has it. */
  epochAt(shard: number): number {
    return this.epochs.findIndex(({ first, count }) => first <= shard && shard < first + count);
  }

  /** How many numbers of shards the hub has used. */
  get used(): number {
    return this.newest.first + this.newest.count;
  }

  /** The same hub, once it is divided anew. */
  with(epoch: Epoch): Layout {
    return new Layout([...this.epochs, epoch]);
  }

  /** The layout before the newest epoch began; the same where there was none. */
  get before(): Layout {
    const epochs = this.epochs.slice(0, -1);
    return epochs.length === 0 ? this : new Layout(epochs as [Epoch, ...Epoch[]]);
  }

  /** The layout after this one on the way to a later one, which adds one epoch. */
  nextOnTheWayTo({ epochs }: Layout): Layout | undefined {
    const next = epochs.find(({ first }) => first > this.newest.first);
    return next && new Layout(epochs.filter(({ first }) => first <= next.first) as [Epoch, ...Epoch[]]);
  }

  get #gone(): readonly Epoch[] {
    return this.epochs.filter(({ gone }) => gone === true);
  }

  #inEpochs(epochs: readonly Epoch[], types: PatternParts[0], keys: PatternParts[2]): readonly number[] {
    if (types === '*') return rising(epochs.flatMap(shardsOfEpoch));
    return rising(types.flatMap((type) => epochs.flatMap((epoch) => this.#inEpoch(epoch, type, keys))));
  }

  #inEpoch(epoch: Epoch, type: string, keys: PatternParts[2]): readonly number[] {
    const shards = epoch === this.newest ? this.shardsOfType(type) : shardsIn(epoch, type);
    if (keys === '*' || shards.length === 1) return shards;
    return keys.map((key) => shards[remainder(key, shards.length)] ?? 0);
  }

  /**
   * The shards to which events of a type are published. An event goes to that one of them at the remainder of the hash of its
   * key.
   */
  shardsOfType(type: string): readonly number[] {
    let shards = this.#known.get(type);
    if (shards === undefined) {
      shards = shardsIn(this.newest, type);
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(type, shards);
    }
    return shards;
  }
}

/** The numbers of the shards of an epoch. */
export function shardsOfEpoch({ first, count }: Epoch): readonly number[] {
  return range(count).map((i) => first + i);
}

function shardsIn({ first, count, fans }: Epoch, type: string): readonly number[] {
  if (OWN.has(type)) return OWN_SHARD;
  if (count === 1) return [first];
  const begin = remainder(type, count);
  const fan = Object.hasOwn(fans, type) ? (fans[type] ?? 1) : 1;
  return range(Math.min(fan, count)).map((i) => first + ((begin + i) % count));
}

/** The first 32 bits of SHA-1 are a hash that Lua in Redis has as well. */
function remainder(text: string, of: number): number {
  return Number.parseInt(hash('sha1', text).slice(0, 8), 16) % of;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function rising(shards: readonly number[]): readonly number[] {
  return [...new Set(shards)].toSorted((a, b) => a - b);
}

/** Some shards as they stand at the beginning of a sentence for operators. */
export function namesOfShards(shards: readonly number[]): string {
  return `${shards.length === 1 ? 'Shard' : 'Shards'} ${shards.toSorted((a, b) => a - b).join(', ')}`;
}
