import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { lookAt, takeWaiting, type RawEntry } from './redis-ingress-batch.ts';
import type { Outcome } from './redis-ingress-decoder.ts';
import { moveAll, type Moving } from './redis-ingress-move.ts';
import { settleInShards, type SettlingInShards } from './redis-ingress-sharded.ts';
import { waitingFor } from './redis-keys.ts';

/** How often a node looks for which shards entries wait, while any do. */
const LOOK_MS = 200;
/** How long it leaves a shard alone that still fails. */
const RETRY_MS = 1_000;

const NONE: ReadonlySet<number> = new Set();

export interface WaitingEntriesOptions extends Omit<SettlingInShards, 'move'> {
  readonly moving: () => Moving | undefined;
  readonly maxEventBytes: number;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Logger;
  /** Decodes entries that were taken. It must not throw. */
  readonly decoded: (entries: readonly RawEntry[]) => Outcome[];
  /** Is told each entry that this node has settled. */
  readonly settled: (outcome: Outcome) => void;
}

/**
 * The entries of the ingress that wait for shards whose masters fail. They stay in the ingress, in their order, and the nodes try
 * to move them until their shard takes them. Of several nodes one at a time has the first entries of a shard.
 */
export class WaitingEntries {
  readonly #options: WaitingEntriesOptions;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  #checking: Promise<void> | undefined;
  /** The shards for which this node is moving entries, or has just failed to. */
  readonly #busy = new Map<number, Promise<void>>();

  constructor(options: WaitingEntriesOptions) {
    this.#options = options;
  }

  /** Looks whether entries wait, and moves them as soon as their shards take them. */
  check(): void {
    if (this.#isStopped || this.#options.moving() === undefined) return;
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    await this.#checking;
    await Promise.all(this.#busy.values());
  }

  async #check(): Promise<void> {
    const { connection, keys, log } = this.#options;
    try {
      while (!this.#isStopped) {
        const { waiting } = await lookAt(connection, keys.ingress, '', []);
        if (waiting.size === 0) return;
        for (const shard of waiting) {
          if (this.#busy.has(shard)) continue;
          const moving = this.#moveFor(shard, 1 / waiting.size).finally(() => this.#busy.delete(shard));
          this.#busy.set(shard, moving);
        }
        await this.#pause(LOOK_MS);
      }
    } catch (error) {
      log.debug({ err: error }, 'cannot look what waits in the ingress; it is looked at again');
    }
  }

  /** Moves all that waits for a shard, and takes this part at once of what a node may hold. */
  async #moveFor(shard: number, part: number): Promise<void> {
    const { log } = this.#options;
    let count = 0;
    try {
      for (let done; !this.#isStopped && (done = await this.#moveSome(shard, part)) > 0;) count += done;
    } catch (error) {
      log.debug({ err: error, shard }, 'cannot move what waits in the ingress; trying again');
    }
    if (count > 0)
      log.info({ shard, count }, 'entries of the ingress that waited for a shard were moved to it');
    else await this.#pause(RETRY_MS);
  }

  /** Answers how many entries it has moved; none where the shard still fails, or another node moves them. */
  async #moveSome(shard: number, part: number): Promise<number> {
    const { connection, keys, claimAfterMs, maxEventBytes, decoded, settled } = this.#options;
    const consumer = waitingFor(shard);
    const taken = await takeWaiting(connection, keys.ingress, consumer, {
      maxEventBytes,
      part,
      idleMs: claimAfterMs,
    });
    if (taken.length === 0) return 0;
    const entries = decoded(taken);
    // Whatever fails, the entries wait on. Those that were moved nevertheless are known by their names.
    const move = async (events: readonly Outcome[]): ReturnType<typeof moveAll> => {
      const moving = this.#options.moving();
      const waits = new Map(events.map((entry) => [entry, shard]));
      return moving === undefined ? waits : moveAll(events, moving, NONE).catch(() => waits);
    };
    const outcomes = await settleInShards({ connection, keys, claimAfterMs, move }, consumer, entries);
    const done = entries.filter((_, i) => outcomes[i] === 1);
    done.forEach(settled);
    return done.length;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(ms, resolve);
    await Promise.race([promise, this.#stopped.promise]);
    cancel();
  }
}
