import {
  MAX_HELD,
  MAX_SETTLED,
  MAX_TAKEN,
  settleEntries,
  takeEntries,
  takeNextEntry,
  type RawEntry,
  type Settled,
} from './redis-ingress-batch.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { Outcome } from './redis-ingress-decoder.ts';
import { settleInShards, type Move } from './redis-ingress-sharded.ts';
import type { RedisKeys } from './redis-keys.ts';

/** How many calls settle entries at once: Redis works on one of them, and another one waits there. */
const SETTLING = 2;

/** How much of what it was asked for a call got done. */
type Done = 'all' | 'some' | 'none';

export interface IngressPipelineOptions {
  /** A connection for this alone. */
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly node: string;
  readonly maxEventBytes: number;
  /** Decodes entries that were taken. It must not throw. */
  readonly decoded: (entries: readonly RawEntry[]) => Outcome[];
  readonly claimAfterMs: number;
  /** Present where the hub has several shards. */
  readonly move?: Move | undefined;
  /** Is told each entry that this node has settled. */
  readonly settled: (outcome: Outcome) => void;
}

/**
 * The entries of the ingress on their way through a node: taken, decoded, settled. It keeps Redis busy: while Redis settles
 * some entries, the next call waits there already, and the node decodes the entries after those. It begins with what Redis
 * has assigned to the node before. After a failure another one must take its place.
 */
export class IngressPipeline {
  readonly #options: IngressPipelineOptions;
  /** Entries that were decoded and not settled yet, oldest first. */
  readonly #held: Outcome[] = [];
  /** How many of them, from the first on, are in calls that are under way. */
  #sent = 0;
  /** Entries after those, which are not decoded yet. */
  #ahead: readonly RawEntry[] = [];
  /** Calls whose answers are awaited, in the order of these answers. */
  readonly #underWay: Promise<Done>[] = [];
  #isTaking = false;
  /** Whether Redis may have assigned entries to this node that the node does not hold. */
  #lostSight = true;

  constructor(options: IngressPipelineOptions) {
    this.#options = options;
  }

  /** Whether it holds nothing that can be settled. */
  get isEmpty(): boolean {
    return this.#held.length === 0 && this.#underWay.length === 0;
  }

  /**
   * Fills an empty pipeline with those entries that Redis has assigned to this node, else with new ones. Where there are
   * none, it waits a while for the next one.
   */
  async fill(blockMs: number): Promise<void> {
    const { connection, keys, node } = this.#options;
    let entries = this.#ahead;
    this.#ahead = [];
    if (entries.length === 0 && this.#lostSight) entries = await this.#takeFrom('0');
    if (entries.length === 0) {
      this.#lostSight = false;
      entries = await this.#takeFrom('>');
    }
    if (entries.length === 0) entries = await takeNextEntry(connection, keys.ingress, node, blockMs);
    this.#held.push(...this.#options.decoded(entries));
  }

  /**
   * Sends what may be under way, and waits for the first answer; for all of them where an entry has to wait.
   * @returns whether anything was settled or taken, by this node or another
   */
  async advance(): Promise<boolean> {
    this.#send();
    if (this.#ahead.length > 0) {
      this.#held.push(...this.#options.decoded(this.#ahead));
      this.#ahead = [];
      this.#send();
    }
    const done = await this.#underWay.shift();
    if (done === 'all') return true;
    await Promise.all(this.#underWay.splice(0));
    this.#sent = 0;
    return done === 'some';
  }

  #send(): void {
    // Only the first of all pending entries may be moved to a shard, so one call waits for the other there.
    const atOnce = this.#options.move === undefined ? SETTLING : 1;
    const isFull = (): boolean => this.#underWay.length - (this.#isTaking ? 1 : 0) >= atOnce;
    while (this.#sent < this.#held.length && !isFull()) this.#follow(this.#settle());
    const hasRoom = this.#held.length + this.#ahead.length <= MAX_HELD - MAX_TAKEN;
    if (hasRoom && !this.#isTaking && !this.#lostSight) this.#follow(this.#takeAhead());
  }

  /** A call that fails is reported when its answer is awaited. */
  #follow(call: Promise<Done>): void {
    call.catch(() => undefined);
    this.#underWay.push(call);
  }

  /**
   * Settles the first of the held entries that are not sent yet. Redis settles none of them while one before them has to
   * wait.
   */
  async #settle(): Promise<Done> {
    const { settled } = this.#options;
    const sent = this.#held.slice(this.#sent, this.#sent + MAX_SETTLED);
    this.#sent += sent.length;
    const outcomes = await this.#outcomesOf(sent);
    for (const [i, outcome] of outcomes.entries()) {
      const entry = sent[i];
      if (outcome === 1 && entry !== undefined) settled(entry);
    }
    const [first] = sent;
    if (first !== undefined) this.#held.splice(this.#held.indexOf(first), outcomes.length);
    this.#sent -= sent.length;
    if (outcomes.length === sent.length) return 'all';
    return outcomes.length > 0 ? 'some' : 'none';
  }

  #outcomesOf(sent: readonly Outcome[]): Promise<Settled[]> {
    const { connection, keys, node, move } = this.#options;
    if (move === undefined) return settleEntries(connection, keys, node, sent);
    return settleInShards({ ...this.#options, move }, node, sent);
  }

  async #takeAhead(): Promise<Done> {
    this.#isTaking = true;
    this.#ahead = await this.#takeFrom('>');
    this.#isTaking = false;
    return 'all';
  }

  async #takeFrom(from: '0' | '>'): Promise<readonly RawEntry[]> {
    const { connection, keys } = this.#options;
    const taken = await takeEntries(connection, keys.ingress, this.#options, from);
    this.#lostSight ||= taken.mayBeMore;
    return taken.entries;
  }
}
