import { randomBytes } from 'node:crypto';
import type { Result } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import { cursorIn, type Cursor } from '../model/cursor.ts';
import { BelfryError } from '../model/errors.ts';
import { OutcomeUnknown, reused, type Attempt, type Once } from '../model/idempotency.ts';
import { leaseLost, type Fence } from '../model/lease.ts';
import type { RefusedReason } from './broker.ts';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import type { Body } from './redis-log-entry.ts';
import type { RedisKeys } from './redis-keys.ts';
import { LEASE_LOST, PublishBatch, SUPERSEDED, WRONG_SHARD } from './redis-publish-batch.ts';
import { HeldPublishes } from './redis-held-publishes.ts';
import { isOnItsWay, publishRefusalOf, ShardClosed } from './redis-publish-refusal.ts';
import { bound } from '../model/bound.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** publish-outcome.lua */
    belfryOutcome(keyCount: number, ...keysAndArguments: string[]): Result<[Outcome, ...Cursor[]], Context>;
    /** publish-begin.lua */
    belfryBegin(keyCount: number, ...keysAndArguments: (string | number)[]): Result<number, Context>;
  }
}

type Outcome = 'accepted' | 'nowhere' | 'unknown';

/** For how long Redis keeps the outcomes of a node that is gone: longer than a publisher may repeat a publish. */
const OUTCOMES_MS = bound(
  'time for which Redis keeps the outcomes of the publishes of a node that is gone',
  10 * 60_000,
  'ms',
  'a repetition gets outcome_unknown',
);
/** For how long the outcome of an attempt is asked for at most, and after which time again while Redis is away. */
const ASK_WITHIN_MS = bound(
  'time to find out the outcome of a publish whose answer was lost',
  2_000,
  'ms',
  'the publisher gets outcome_unknown',
);
const ASK_AGAIN_MS = 50;
/**
 * An attempt is made again when later ones of the same node have superseded it, as happens when its script had to be
 * sent as a whole.
 */
const MAX_TRIES = bound(
  'attempts of one publish after which other attempts of the node began',
  5,
  'entries',
  'the publish is refused with unavailable',
);

export interface PublisherOptions {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  readonly commandTimeoutMs: number;
}

/** What a publisher asked for, until it is told how that ended. */
interface Publish {
  readonly bodies: readonly Body[];
  readonly once: Once | undefined;
  readonly fence: Fence | undefined;
  /** How many attempts may still be made. */
  readonly tries: number;
  readonly accepted: (ids: Cursor[]) => void;
  readonly refused: (error: unknown) => void;
}

/**
 * Publishes with one of three outcomes: accepted; refused for good; or unknown. When the answer to an attempt was
 * lost, the outcome is asked for by the number of the attempt, and asking also makes sure that Redis cannot carry out
 * the attempt later.
 */
export class RedisPublisher {
  readonly #options: PublisherOptions;
  readonly #boot = randomBytes(9).toString('base64url');
  readonly #batch: PublishBatch;
  readonly #refused = new Map<RefusedReason, number>();
  readonly #held: HeldPublishes;
  #number = 0;
  #published = 0;
  #trouble: RefusedReason | undefined;
  #isStopped = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { connection, keys } = options;
    this.#batch = new PublishBatch(connection, [keys.log, keys.outcomes(this.#boot)]);
    this.#held = new HeldPublishes(options, () => this.begin());
  }

  get published(): number {
    return this.#published;
  }

  /** How many publishes failed, by reason. */
  get refused(): ReadonlyMap<RefusedReason, number> {
    return this.#refused;
  }

  /** Why the last publish failed, or the last check whether publishing is possible; `undefined` when it succeeded. */
  get trouble(): RefusedReason | undefined {
    return this.#trouble;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Checks whether this node can publish, and makes Redis keep its outcomes. Rejects when publishing is not possible.
   */
  async begin(): Promise<void> {
    const { connection, keys } = this.#options;
    const used = [keys.log, keys.outcomes(this.#boot)];
    this.#batch.send();
    try {
      await connection.ask((redis) => redis.belfryBegin(2, ...used, ++this.#number, OUTCOMES_MS), SUPERSEDED);
      this.#trouble = undefined;
    } catch (error) {
      // A later attempt came first, so publishing is possible.
      if (isRefusal(error, SUPERSEDED)) return;
      this.#trouble = publishRefusalOf(error).reason;
      throw error;
    }
  }

  /** @throws BelfryError `unavailable`, `idempotency_key_reused`, `lease_lost`; OutcomeUnknown; ShardClosed */
  publish(bodies: readonly Body[], once?: Once, fence?: Fence): Promise<Cursor[]> {
    const { keys } = this.#options;
    return new Promise((resolve, reject) => {
      const publish: Publish = {
        bodies,
        once,
        fence,
        tries: MAX_TRIES,
        accepted: (ids) => {
          this.#published += ids.length;
          this.#trouble = undefined;
          resolve(keys.shard === 0 ? ids : ids.map((id) => cursorIn(keys.shard, id)));
        },
        refused: (error) => reject(this.#counted(error, fence)),
      };
      if (once?.repeats !== undefined) void this.#settle(publish, once.repeats);
      else if (this.#held.isHolding) this.#hold(publish);
      else this.#try(publish);
    });
  }

  #hold(publish: Publish, error?: unknown): void {
    this.#held.hold(() => this.#try(publish), publish.refused, error);
  }

  #try(publish: Publish): void {
    const { bodies, once, fence, accepted } = publish;
    const { keys } = this.#options;
    const attempt: Attempt = { boot: this.#boot, number: ++this.#number, at: this.#options.clock.now() };
    this.#batch.add({
      number: attempt.number,
      once: once && { key: keys.once(once.key), digest: once.digest },
      fence: fence && { key: keys.lease(fence.lease), fence: fence.fence },
      bodies,
      accepted,
      refused: (error) => this.#afterRefusal(publish, attempt, error),
    });
  }

  #afterRefusal(publish: Publish, attempt: Attempt, error: unknown): void {
    if (isRefusal(error, SUPERSEDED) && publish.tries > 1)
      this.#try({ ...publish, tries: publish.tries - 1 });
    else if (isOnItsWay(error)) this.#hold(publish, error);
    else if (publishRefusalOf(error).isLost) void this.#settle(publish, attempt, error);
    else publish.refused(error);
  }

  /** Ends a publish as an earlier attempt of it ended. If that one had no effect, it tries anew unless there is an error. */
  async #settle(publish: Publish, attempt: Attempt, error?: unknown): Promise<void> {
    try {
      const ids = await this.#outcomeOf(attempt, publish.once, error);
      if (ids !== undefined) publish.accepted(ids);
      else if (error === undefined) this.#try(publish);
      else publish.refused(error);
    } catch (unknown) {
      publish.refused(unknown);
    }
  }

  /**
   * The ids that an attempt was given; `undefined` when it had no effect, and never will have one.
   * @throws OutcomeUnknown
   */
  async #outcomeOf(attempt: Attempt, once: Once | undefined, cause?: unknown): Promise<Cursor[] | undefined> {
    const { clock, commandTimeoutMs } = this.#options;
    const until = clock.elapsed() + Math.min(ASK_WITHIN_MS, commandTimeoutMs);
    do {
      const answer = await this.#ask(attempt, once, until);
      if (answer === undefined) continue;
      const [outcome, ...ids] = answer;
      if (outcome === 'accepted') return ids;
      if (outcome === 'nowhere') return undefined;
      break;
    } while (clock.elapsed() < until && !this.#isStopped);
    throw new OutcomeUnknown(attempt, undefined, cause);
  }

  /** `undefined` when there is no answer yet. */
  async #ask(
    attempt: Attempt,
    once: Once | undefined,
    until: number,
  ): Promise<[Outcome, ...Cursor[]] | undefined> {
    const { connection, keys, clock } = this.#options;
    const used = [keys.log, keys.outcomes(attempt.boot), ...keyOf(keys, once)];
    const asked = [`${attempt.number}`, once?.digest ?? ''];
    if (!connection.isReady) return this.#after(ASK_AGAIN_MS);
    const answer = connection.ask((redis) => redis.belfryOutcome(used.length, ...used, ...asked));
    try {
      return await Promise.race([answer, this.#after(until - clock.elapsed())]);
    } catch (error) {
      if (isRefusal(error, REUSED)) throw error;
      return this.#after(ASK_AGAIN_MS);
    }
  }

  #after(ms: number): Promise<undefined> {
    return new Promise((resolve) => void this.#options.clock.after(ms, () => resolve(undefined)));
  }

  /** Counts a failure by its reason, and gives it a message of our own. */
  #counted(error: unknown, fence: Fence | undefined): unknown {
    if (isRefusal(error, REUSED)) return reused();
    if (isRefusal(error, WRONG_SHARD)) return new ShardClosed();
    if (fence !== undefined && isRefusal(error, LEASE_LOST)) return leaseLost(fence);
    const { reason, words } = publishRefusalOf(error);
    this.#trouble = reason;
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    return words === undefined
      ? error
      : new BelfryError('unavailable', words, { cause: (error as Error).cause });
  }
}

const REUSED = 'BELFRY idempotency_key_reused';

function keyOf(keys: RedisKeys, once: Once | undefined): string[] {
  return once === undefined ? [] : [keys.once(once.key)];
}
