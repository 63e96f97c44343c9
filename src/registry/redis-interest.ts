import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { timeAt } from '../model/cursor.ts';
import type { Interest, InterestStats } from './interest.ts';
import type { RegistryConnection } from './redis-change-writer.ts';
import { registryKeys, type RegistryKeys } from './redis-registry-keys.ts';
import type { Lifecycle } from './registry.ts';

const MANY = bound(
  'changes of interest in one call of a script',
  250,
  'entries',
  'the rest goes with the next',
);
const REST_MS = bound(
  'time between two batches of changes of interest',
  4,
  'ms',
  'the changes that came meanwhile are sent together',
);

/** Ends each change in the one argument that holds all of them. No topic has it, since JSON escapes it. */
const CHANGE_END = '\x1e';

export interface RedisInterestOptions {
  /** The connection of the registry, which is open from before `start` until after `stop`. */
  readonly connection: RegistryConnection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly prefix: string;
  /** The id of this node in the registry, whose lease also covers what its clients listen to. */
  readonly node: string;
  readonly leaseMs?: number;
  /**
   * How often the node confirms what its clients listen to, and tells what has ended.
   */
  readonly passMs?: number;
}

/**
 * What the clients of many nodes listen to: a set for each node in Redis, which one script changes together with the
 * log. Whatever went wrong is found when the node confirms its set, and corrected. Nothing is told to have ended before
 * each node has confirmed its set since, or is lost.
 */
export class RedisInterest implements Interest, Lifecycle {
  readonly #options: RedisInterestOptions;
  readonly #keys: RegistryKeys;
  /** What the clients of this node listen to. */
  readonly #heard = new Set<string>();
  /** What the set in Redis holds, once everything that was sent is done. */
  #sent = new Set<string>();
  /** The topics in which the two may differ. */
  #changed = new Set<string>();
  /** The topics for which there was no room. */
  readonly #refused = new Set<string>();
  #isCertain = true;
  #isReconciling = false;
  #isPassing = false;
  #isScheduled = false;
  #isStopped = false;
  #restUntil = 0;
  #begun = 0;
  #ended = 0;
  #stopTimer: (() => void) | undefined;
  readonly #returned = (): void => {
    this.#isCertain = false;
    void this.#pass();
  };

  constructor(options: RedisInterestOptions) {
    this.#options = options;
    this.#keys = registryKeys(options.prefix);
  }

  get stats(): InterestStats {
    const { connection } = this.#options;
    const untold = this.#isCertain && connection.isReady ? this.#refused.size : this.#heard.size;
    return { topics: this.#heard.size, untold, begun: this.#begun, ended: this.#ended };
  }

  /** @throws BelfryError `unavailable` */
  async start(): Promise<void> {
    const { clock, connection, passMs = 1_000 } = this.#options;
    await this.#send([], '0');
    connection.redis.on('ready', this.#returned);
    this.#stopTimer = clock.every(passMs, () => void this.#pass());
  }

  /** Ends what the clients of this node listen to; the hold begins. Clients that go to another node end nothing. */
  async stop(): Promise<void> {
    this.#stopTimer?.();
    this.#options.connection.redis.off('ready', this.#returned);
    this.#isStopped = true;
    this.#heard.clear();
    this.#changed = new Set(this.#sent);
    await Promise.all(this.#flush());
  }

  set(topic: string, isHeard: boolean): void {
    if (this.#isStopped) return;
    if (isHeard) this.#heard.add(topic);
    else this.#heard.delete(topic);
    this.#changed.add(topic);
    this.#schedule();
  }

  /** Many clients come in the same instant, so their changes are sent together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { clock } = this.#options;
    const rest = this.#restUntil - clock.elapsed();
    const flush = (): void => {
      this.#isScheduled = false;
      void this.#flush();
    };
    if (rest < 1) clock.soon(flush);
    else clock.after(rest, flush);
  }

  /** Sends the changes that wait. The promises never reject. */
  #flush(): Promise<void>[] {
    // While the set in Redis is read, it is not known what has to change in it.
    if (this.#isReconciling || this.#changed.size === 0) return [];
    this.#restUntil = this.#options.clock.elapsed() + REST_MS;
    const changes: string[] = [];
    for (const topic of this.#changed) {
      const isHeard = this.#heard.has(topic);
      if (!isHeard) this.#refused.delete(topic);
      if (isHeard === this.#sent.has(topic) || this.#refused.has(topic)) continue;
      changes.push(this.#change(topic, isHeard));
    }
    this.#changed.clear();
    const sent: Promise<void>[] = [];
    for (let i = 0; i < changes.length; i += MANY) sent.push(this.#trySend(changes.slice(i, i + MANY)));
    return sent;
  }

  #change(topic: string, isHeard: boolean): string {
    if (isHeard) this.#sent.add(topic);
    else this.#sent.delete(topic);
    return (isHeard ? '+' : '-') + topic;
  }

  /** Confirms what the clients of this node listen to, and tries again what went wrong or had no room. */
  async #pass(): Promise<void> {
    if (this.#isPassing || this.#isStopped) return;
    this.#isPassing = true;
    try {
      if (!this.#isCertain) await this.#reconcile();
      void this.#flush();
      const again = [...this.#refused].slice(0, MANY);
      for (const topic of again) this.#refused.delete(topic);
      const changes = again.map((topic) => this.#change(topic, true));
      if (!(await this.#send(changes, this.#isCertain ? `${this.#sent.size}` : ''))) this.#isCertain = false;
    } catch (error) {
      this.#isCertain = false;
      this.#report(error);
    } finally {
      this.#isPassing = false;
    }
  }

  async #trySend(changes: readonly string[]): Promise<void> {
    try {
      await this.#send(changes, '');
    } catch (error) {
      this.#isCertain = false;
      this.#report(error);
    }
  }

  /** Sends changes. Answers whether the node then has as many topics as expected. */
  async #send(changes: readonly string[], expected: string): Promise<boolean> {
    const { connection, clock, node, leaseMs = 10_000 } = this.#options;
    const body = changes.map((change) => encoded(change) + CHANGE_END).join('');
    const asked = [node, timeAt(clock.now()), `${leaseMs}`, body, expected];
    const [held, begun = 0, ended = 0, ...refused] = await connection.ask((redis) =>
      redis.belfryInterest(1, this.#keys.log, ...asked),
    );
    this.#begun += begun;
    this.#ended += ended;
    for (const number of refused) this.#refuse(changes[number - 1]?.slice(1) ?? '');
    return expected === '' || held === Number(expected) - refused.length;
  }

  #refuse(topic: string): void {
    this.#sent.delete(topic);
    if (this.#heard.has(topic)) this.#refused.add(topic);
  }

  /** Reads the set of this node in Redis, and sends what it lacks or has too many. @throws BelfryError `unavailable` */
  async #reconcile(): Promise<void> {
    const { connection, node } = this.#options;
    this.#isReconciling = true;
    try {
      const held = await connection.ask((redis) => redis.smembers(this.#keys.listenedOn(node)));
      this.#sent = new Set(held.map(decoded));
      this.#isCertain = true;
      for (const topic of [...this.#sent, ...this.#heard]) this.#changed.add(topic);
    } finally {
      this.#isReconciling = false;
    }
  }

  /** Logs a failure, except while Redis is away, which the connection has logged already. */
  #report(error: unknown): void {
    const { connection, log } = this.#options;
    if (connection.isReady) log.warn({ err: error }, 'what clients listen to could not be told');
  }
}

/** A change as JSON writes it, without the quotes. */
function encoded(change: string): string {
  return JSON.stringify(change).slice(1, -1);
}

function decoded(topic: string): string {
  return JSON.parse(`"${topic}"`) as string;
}
