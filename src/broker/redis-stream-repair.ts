import type { Result } from 'ioredis';
import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { isCursor } from '../model/cursor.ts';
import type { BrokerStats, StreamFault } from './broker.ts';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import type { RedisKeys } from './redis-keys.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** stream-repair.lua, ingress-repair.lua and log-repair.lua */
    belfryRepair(
      keyCount: number,
      ...keysAndArguments: (string | number)[]
    ): Result<[ingressBytes: number, logBytes: number, found: Found[]], Context>;
  }
}

type Found = [what: StreamFault | 'ingress_gone' | 'ingress_full', count: number, detail: string];

const AHEAD_MS = bound(
  'lead of the id of an ingress entry over the clock of Redis',
  60_000,
  'ms',
  'the entry is added again under a new id, after all others',
);

const MAX_MOVED = bound(
  'entries of an ingress that is moved into a new one because an entry has the largest id',
  100_000,
  'entries',
  'the ingress is moved later, when it holds fewer',
);
const MAX_HELD = bound(
  'entries held by nodes that are looked for in the ingress',
  10_000,
  'entries',
  'removed entries are reported later, and the ingress is not moved before',
);

const LOOK_EVERY_MS = 2_000;
/** The interval after an unusable id was seen; it also bounds how often somebody can provoke a check. */
const SUSPECT_EVERY_MS = 100;
/**
 * The memory of the ingress is measured this often, by one node for all, since measuring a large ingress takes long.
 */
const WEIGH_EVERY_MS = 5_000;

/** A user who may add to a stream may also choose ids and trim entries; no right of Redis forbids that. */
const WHO =
  'Expected `XADD <key> * event <event>`, without an id and without MAXLEN or MINID; `ACL LIST` shows which users may write there.';
const NO_ID =
  'had an entry with an id so high that no usable id is left for later entries (or the clock of Redis was set back); it was repaired';

/** What happened, and what an operator should do. */
const WORDS: Readonly<Record<Found[0], string>> = {
  ingress_ids: `The ingress ${NO_ID}: such entries got new ids, in their order, and nothing is lost. ${WHO}`,
  log_ids: `The log ${NO_ID}: what had such an id was published again under a new one. ${WHO}`,
  dead_letter_ids: `The stream of the dead letters ${NO_ID}: such entries got new ids. ${WHO}`,
  ingress_group:
    'The ingress or its consumer group was deleted, and was made again. What a deleted ingress held is lost, and nobody can tell how much that was. ' +
    'Expected that nobody but nodes may DEL, UNLINK or XGROUP there; `ACL LIST` shows which users may.',
  ingress_type:
    'The key of the ingress held something that is not a stream. That was renamed, with ":displaced" after its name, and the ingress was made again. ' +
    'Expected that nobody but nodes may write to that key except by XADD; look at what was renamed, and delete it.',
  ingress_gone: `Entries were trimmed or deleted from the ingress before any node had settled them. ${WHO}`,
  ingress_full:
    'The ingress was full, and its oldest entries were dropped. Expected nodes that keep up, or a larger BELFRY_INGRESS_MAX_BYTES.',
};

/** The scripts answer this when the user of the node lacks a right. */
const FORBIDDEN = 'BELFRY forbidden';

export interface StreamRepairOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Memory that the ingress may take. When it is full, the entries that have waited longest are dropped. */
  readonly maxIngressBytes: number;
}

/**
 * Checks the streams of a hub, repairs what others did to them, and logs what was lost. When several nodes check at
 * the same time, only one of them finds the damage.
 */
export class StreamRepair {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #maxIngressBytes: number;
  readonly #mended = new Map<StreamFault, number>();
  #gone = 0;
  #held = { log: 0, ingress: 0 };
  #lookedAt = -Infinity;
  #isSuspect = false;

  /** The connection must know the scripts of the ingress. */
  constructor(
    connection: RedisConnection,
    keys: RedisKeys,
    { clock, log, maxIngressBytes }: StreamRepairOptions,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#clock = clock;
    this.#log = log;
    this.#maxIngressBytes = maxIngressBytes;
  }

  /** How often this node has repaired each kind of damage. */
  get mended(): ReadonlyMap<StreamFault, number> {
    return this.#mended;
  }

  /** How many entries this node found to be gone from the ingress before any node had settled them. */
  get gone(): number {
    return this.#gone;
  }

  /** As {@link BrokerStats.heldBytes}. */
  get held(): Pick<BrokerStats['heldBytes'], 'log' | 'ingress'> {
    return this.#held;
  }

  /** Milliseconds until the next check is due; zero or less when it is due now. */
  get dueInMs(): number {
    const every = this.#isSuspect ? SUSPECT_EVERY_MS : LOOK_EVERY_MS;
    return this.#lookedAt + every - this.#clock.elapsed();
  }

  /** Called with the id of each entry that the node takes from the ingress. */
  saw(id: string): void {
    this.#isSuspect ||= !isCursor(id);
  }

  /** Called for an entry that somebody removed before it was settled, and whose content no node knows. */
  missed(id: string): void {
    this.#tell('ingress_gone', 1, id);
  }

  /**
   * Checks the streams and repairs what is wrong. Where the ingress or its group is missing, it makes them.
   * @returns whether entries of the ingress got new ids, so that what a node holds may be outdated
   * @throws BelfryError `unavailable`
   */
  async check(): Promise<boolean> {
    this.#lookedAt = this.#clock.elapsed();
    this.#isSuspect = false;
    const found = await this.#ask();
    for (const each of found) this.#tell(...each);
    return found.some(([what]) => what === 'ingress_ids');
  }

  async #ask(): Promise<Found[]> {
    const { shard, ingress, settled, log, last, deadLetters } = this.#keys;
    try {
      const bounds = [AHEAD_MS, this.#maxIngressBytes, MAX_MOVED, MAX_HELD, WEIGH_EVERY_MS];
      const used = shard === 0 ? [log, last, ingress, settled, deadLetters] : [log, last];
      const [ingressBytes, logBytes, found] = await this.#connection.ask((redis) =>
        redis.belfryRepair(used.length, ...used, ...bounds),
      );
      this.#held = { log: logBytes, ingress: ingressBytes };
      return found;
    } catch (error) {
      // The connection has logged which right is missing. Everything else works without it.
      if (isRefusal(error, FORBIDDEN)) return [];
      throw error;
    }
  }

  #tell(what: Found[0], count: number, detail: string): void {
    if (what === 'ingress_gone' || what === 'ingress_full') this.#gone += count;
    else this.#mended.set(what, (this.#mended.get(what) ?? 0) + 1);
    this.#log.error({ what, count, detail }, WORDS[what]);
  }
}
