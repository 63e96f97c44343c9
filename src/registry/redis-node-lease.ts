import type { Logger } from 'pino';
import { timeAt } from '../model/cursor.ts';
import type { OwnReport } from './node-directory.ts';
import type { OwnConnections } from './redis-own-connections.ts';
import type { RegistryNode } from './redis-change-writer.ts';

export interface LeaseTimes {
  readonly renewMs: number;
  /**
   * How often this node looks for nodes whose lease has expired; `expireMs` is the same for principals whose grace
   * has ended.
   */
  readonly reapMs: number;
  readonly expireMs: number;
}

type Verb = 'renew' | 'clear_reaped' | 'reap' | 'expire_grace' | 'leave';

/**
 * Keeps the lease of this node in Redis, and what depends on it: it renews the lease, notices when the registry
 * differs from the connections of this node, removes the connections of nodes whose lease has expired (reaping), and
 * ends the grace of principals that left.
 */
export class NodeLease {
  readonly #registry: RegistryNode;
  readonly #times: LeaseTimes;
  readonly #own: OwnConnections;
  readonly #about: OwnReport;
  readonly #log: Logger;
  #timers: (() => void)[] = [];
  readonly #underWay = new Set<Verb | 'reconcile'>();
  readonly #returned = (): void => void this.#renew(true);

  constructor(parts: {
    registry: RegistryNode;
    times: LeaseTimes;
    own: OwnConnections;
    about: OwnReport;
    log: Logger;
  }) {
    this.#registry = parts.registry;
    this.#times = parts.times;
    this.#own = parts.own;
    this.#about = parts.about;
    this.#log = parts.log;
  }

  /** @throws BelfryError `unavailable` */
  async start(): Promise<void> {
    await this.#ask('renew');
    const { clock, connection } = this.#registry;
    connection.redis.on('ready', this.#returned);
    this.#timers = [
      clock.every(this.#times.renewMs, () => void this.#renew(false)),
      clock.every(this.#times.reapMs, () => void this.#all('reap')),
      clock.every(this.#times.expireMs, () => void this.#all('expire_grace')),
    ];
  }

  /** Ends the lease. Connections that could not be removed are left to the other nodes. */
  async stop(): Promise<void> {
    for (const stop of this.#timers.splice(0)) stop();
    this.#registry.connection.redis.off('ready', this.#returned);
    await this.#ask('leave').catch((error: unknown) => this.#report(error));
  }

  async #renew(isBack: boolean): Promise<void> {
    const { most, least, removals, isCertain } = this.#own.expect();
    try {
      const [count = 0, reaped, lastDone = 0] = await this.#ask('renew');
      this.#own.resend(removals, lastDone);
      const isRight = count >= least && count <= most && isCertain;
      if (!isRight || reaped === 1 || isBack) await this.#reconcile(reaped === 1);
    } catch (error) {
      this.#report(error);
    }
  }

  async #reconcile(wasReaped: boolean): Promise<void> {
    if (this.#underWay.has('reconcile')) return;
    this.#underWay.add('reconcile');
    try {
      if (wasReaped)
        this.#log.warn('this node was taken for lost; its connections are entered into the registry again');
      await this.#own.reconcile();
      if (wasReaped) await this.#ask('clear_reaped');
    } finally {
      this.#underWay.delete('reconcile');
    }
  }

  /** Repeats a call until nothing is left to do; each call does a part. */
  async #all(verb: 'reap' | 'expire_grace'): Promise<void> {
    if (this.#underWay.has(verb)) return;
    this.#underWay.add(verb);
    try {
      let more: number | undefined = 1;
      while (more === 1 && this.#timers.length > 0) [more] = await this.#ask(verb);
    } catch (error) {
      this.#report(error);
    } finally {
      this.#underWay.delete(verb);
    }
  }

  #ask(verb: Verb): Promise<number[]> {
    const { connection, clock, keys, node, graceMs, leaseMs } = this.#registry;
    const asked = [verb, node, timeAt(clock.now()), `${graceMs}`, `${leaseMs}`];
    if (verb === 'renew')
      asked.push(JSON.stringify(this.#about.report()), JSON.stringify(this.#about.settings));
    return connection.ask((redis) => redis.belfryNodeLease(1, keys.log, ...asked));
  }

  /** Logs a failure, except while Redis is away, which the connection has logged already. */
  #report(error: unknown): void {
    if (this.#registry.connection.isReady)
      this.#log.warn({ err: error }, 'the registry could not be updated');
  }
}
