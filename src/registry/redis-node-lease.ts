import type { Logger } from 'pino';
import type { OwnReport } from './node-directory.ts';
import type { OwnConnections } from './redis-own-connections.ts';
import { asText, type RegistryNode } from './redis-change-writer.ts';

export interface LeaseTimes {
  readonly renewMs: number;
  /** How often it looks for nodes whose lease has ended, and for principals whose grace has. */
  readonly reapMs: number;
  readonly expireMs: number;
}

type Verb = 'renew' | 'clear_reaped' | 'reap' | 'expire_grace' | 'leave';

/**
 * Keeps this node in the registry, notices when the registry says something else of it than is so, and takes out of the registry
 * whoever does not keep there.
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

  /** What could not be taken out of the registry until now is left to the others. */
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
      if (wasReaped) this.#log.warn('this node was taken for lost; its connections go back in the registry');
      await this.#own.reconcile();
      if (wasReaped) await this.#ask('clear_reaped');
    } finally {
      this.#underWay.delete('reconcile');
    }
  }

  /** In calls that each do a part, until there is nothing left to do. */
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
    const asked = [verb, node, asText(clock.now()), `${graceMs}`, `${leaseMs}`];
    if (verb === 'renew')
      asked.push(JSON.stringify(this.#about.report()), JSON.stringify(this.#about.settings));
    return connection.ask((redis) => redis.belfryNodeLease(1, keys.log, ...asked));
  }

  /** That Redis is away, its connection has said already. */
  #report(error: unknown): void {
    if (this.#registry.connection.isReady) this.#log.warn({ err: error }, 'the registry could not be kept');
  }
}
