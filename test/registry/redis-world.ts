import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { pino, type Logger } from 'pino';
import { expect, inject, onTestFinished, vi } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { publishing } from '../../src/broker/redis-scripts.ts';
import { systemClock, type Clock } from '../../src/model/clock.ts';
import { valueOf } from '../../src/model/json.ts';
import { OWN_RETENTION, Retention } from '../../src/model/retention.ts';
import type { InterestLimits } from '../../src/registry/interest.ts';
import type { QuotaRates } from '../../src/registry/log-quota.ts';
import { registryScripts } from '../../src/registry/redis-registry-keys.ts';
import type { ConnectionRecord, Registry } from '../../src/registry/registry.ts';
import { RedisRegistry, type RedisRegistryOptions } from '../../src/registry/redis-registry.ts';
import type { Recorder } from '../broker/recorder.ts';
import { RedisWorld } from '../broker/redis-world.ts';
import { PLENTY, type RegistryWorld } from './contract.ts';
import { INTEREST_LIMITS } from './interest-contract.ts';
import { aQuery, aReport, idsOf } from './records.ts';

/** Short times, so that a test need not wait long. */
export const TIMES = { leaseMs: 1_000, renewMs: 200, reapMs: 100, expireMs: 50 };

type NodeOptions = Partial<RedisRegistryOptions> & {
  readonly quota?: QuotaRates;
  readonly interest?: Partial<InterestLimits>;
};

/** A node of a test, and how a test can harm it. */
export interface RegistryNode {
  readonly registry: RedisRegistry;
  readonly connection: RedisConnection;
  readonly clock: Clock;
  readonly log: Logger;
  /** Halts the process: none of its timers runs until it goes on. */
  pause(): void;
  goOn(): void;
  /** Kills the process without a goodbye. */
  kill(): Promise<void>;
}

/** Registries on a real Redis, and a recorder on its log. */
export class RedisRegistryWorld implements RegistryWorld {
  readonly world: RedisWorld;
  readonly recorder: Recorder;

  private constructor(world: RedisWorld, recorder: Recorder) {
    this.world = world;
    this.recorder = recorder;
  }

  static async make(where: string | RedisWorld = inject('redisUrl')): Promise<RedisRegistryWorld> {
    const world = typeof where === 'string' ? new RedisWorld(where) : where;
    const { recorder } = await world.start();
    return new RedisRegistryWorld(world, recorder);
  }

  pass(): void {}

  async node(options: NodeOptions = {}): Promise<RedisRegistry> {
    return (await this.start(options)).registry;
  }

  async start({ quota = PLENTY, interest, ...options }: NodeOptions = {}): Promise<RegistryNode> {
    const log = pino({ level: 'silent' });
    const bounds = { maxEvents: 100_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 };
    const lua = publishing({ bounds, maxEventBytes: 1_048_576, retention: new Retention(OWN_RETENTION) });
    const connection = new RedisConnection({
      url: this.world.url,
      prefix: this.world.prefix,
      role: 'registry',
      commandTimeoutMs: 5_000,
      scripts: registryScripts(lua, quota, { ...INTEREST_LIMITS, ...interest }),
      log,
    });
    await connection.open(5_000);
    const clock = new HaltingClock();
    const registry = new RedisRegistry({
      connection,
      clock,
      log,
      prefix: this.world.prefix,
      name: 'one',
      boot: randomUUID(),
      about: aReport({ name: options.name ?? 'one' }),
      ...TIMES,
      ...options,
    });
    let isAlive = true;
    onTestFinished(async () => {
      if (isAlive) await registry.stop();
      await connection.close();
    });
    await registry.start();
    return {
      registry,
      connection,
      clock,
      log,
      pause: () => clock.halt(),
      goOn: () => clock.goOn(),
      kill: async () => {
        isAlive = false;
        clock.halt();
        connection.redis.disconnect();
      },
    };
  }

  /** The ids or principals of all events of one kind so far. */
  told(
    topic: 'connections.create' | 'connections.delete' | 'presence.online' | 'presence.offline',
  ): string[] {
    return this.recorder.events
      .filter(({ type, action }) => `${type}.${action}` === topic)
      .map(({ object }) => {
        const { Id, principal } = valueOf(object) as { Id?: string; principal?: string };
        return Id ?? principal ?? '';
      });
  }

  /** Everything of the registry in Redis except the log, by its key. */
  async keys(): Promise<string[]> {
    const all = await this.world.redis.keys(`{${this.world.prefix}}:*`);
    return all.map((key) => key.slice(this.world.prefix.length + 3)).toSorted();
  }
}

/** Real time, which can stand still for one node. */
class HaltingClock implements Clock {
  #isHalted = false;
  #missed: (() => void)[] = [];

  readonly now = (): number => systemClock.now();
  readonly elapsed = (): number => systemClock.elapsed();

  next(run: () => void): void {
    systemClock.next(() => this.#run(run));
  }

  soon(run: () => void): void {
    systemClock.soon(() => this.#run(run));
  }

  after(ms: number, run: () => void): () => void {
    return systemClock.after(ms, () => this.#run(run));
  }

  every(ms: number, run: () => void): () => void {
    return systemClock.every(ms, () => {
      if (!this.#isHalted) run();
    });
  }

  halt(): void {
    this.#isHalted = true;
  }

  goOn(): void {
    this.#isHalted = false;
    for (const run of this.#missed.splice(0)) run();
  }

  #run(run: () => void): void {
    if (this.#isHalted) this.#missed.push(run);
    else run();
  }
}

/**
 * Waits until every node lists exactly these connections, anonymous ones included; rejects with the difference when
 * that takes too long.
 */
export async function waitForTruth(
  nodes: readonly Registry[],
  truth: readonly ConnectionRecord[],
): Promise<void> {
  const ids = idsOf(truth).toSorted();
  await vi.waitFor(
    async () => {
      for (const node of nodes) {
        const { records, total } = await node.list(aQuery('Principal=Ne()'));
        expect(idsOf(records).toSorted()).toEqual(ids);
        expect(total).toBe(ids.length);
      }
    },
    { timeout: 10_000, interval: 50 },
  );
}

/** A client that sees every command that reaches Redis. */
export async function monitor(url: string): Promise<readonly (readonly string[])[]> {
  const commands: string[][] = [];
  const seen = new Redis(url, { monitor: true });
  // The first commands of others arrive before ioredis is in monitor mode; nothing of the test has begun by then.
  seen.on('error', () => undefined);
  onTestFinished(() => seen.disconnect());
  await new Promise((resolve) => seen.once('monitoring', resolve));
  seen.on('monitor', (_time: string, args: string[]) => void commands.push(args));
  return commands;
}
