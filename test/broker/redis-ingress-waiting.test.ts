import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HubEvent } from '../../src/model/event.ts';
import { Layout } from '../../src/model/shards.ts';
import { HAS_REDIS_SERVER, randomPrefix, type RedisServer } from '../support/redis.ts';
import { startCluster, type RedisCluster } from '../support/redis-groups.ts';
import { RedisWorld } from './redis-world.ts';

const LAYOUT = Layout.of(12);
const TYPES = Array.from({ length: 24 }, (_, i) => `type${i}`);

/** A hub of twelve shards on three masters, of which one that does not have shard 0 is about to fail. */
class Masters {
  readonly world: RedisWorld;
  readonly failing: RedisServer;
  /** Types whose shards lie on the master that fails, and on the others. */
  readonly waiting: readonly string[];
  readonly living: readonly string[];
  readonly stranger: Redis;
  #added = 0;

  static async start(): Promise<Masters> {
    const cluster = await startCluster({ keeps: true, args: ['--cluster-require-full-coverage', 'no'] });
    const { masters } = cluster;
    for (;;) {
      const prefix = randomPrefix();
      const owners = await Promise.all(
        LAYOUT.shards.map((shard) => cluster.ownerOf(shard === 0 ? prefix : `${prefix}:${shard}`)),
      );
      const failing = masters.find((master) => master !== owners[0] && owners.includes(master));
      if (failing !== undefined) return new Masters(cluster, prefix, owners, failing);
    }
  }

  private constructor(
    { url }: RedisCluster,
    prefix: string,
    owners: readonly RedisServer[],
    failing: RedisServer,
  ) {
    const isWaiting = (type: string): boolean => owners[LAYOUT.shardOf(type, 'k')] === failing;
    this.world = new RedisWorld(url, owners[0]?.url, prefix, LAYOUT);
    this.failing = failing;
    this.waiting = TYPES.filter(isWaiting);
    this.living = TYPES.filter((type) => !isWaiting(type));
    this.stranger = this.world.redis;
  }

  get ingress(): string {
    return `{${this.world.prefix}}:ingress`;
  }

  /** Adds so many events of each type, numbered throughout. */
  async add(count: number, types: readonly string[] = TYPES): Promise<void> {
    const pipeline = this.stranger.pipeline();
    for (let i = 0; i < count; i++)
      for (const type of types) {
        const event = { type, action: 'save', key: 'k', object: this.#added++ };
        pipeline.xadd(this.ingress, '*', 'event', JSON.stringify(event));
      }
    await pipeline.exec();
  }

  get added(): number {
    return this.#added;
  }

  /** Whether nothing is left in the ingress. */
  async isEmpty(): Promise<boolean> {
    const [pending] = (await this.stranger.xpending(this.ingress, 'belfry')) as [number];
    return pending === 0 && (await this.stranger.xlen(this.ingress)) === 0;
  }
}

const numberOf = ({ object }: HubEvent): number => Number(JSON.stringify(object));

/** Whether each number came once, and those of a type in their order. */
function expectAllOnce(heard: readonly HubEvent[], count: number): void {
  expect(heard.map(numberOf).toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  for (const [, its] of Map.groupBy(heard, ({ type }) => type))
    expect(its.map(numberOf)).toEqual(its.map(numberOf).toSorted((a, b) => a - b));
}

const OPTIONS = { connectTimeoutMs: 2_000, commandTimeoutMs: 500 };

describe.skipIf(!HAS_REDIS_SERVER)('the ingress while the master of some shards fails', () => {
  it.each([
    ['is dead', (master: RedisServer) => master.kill(), (master: RedisServer) => master.restart()],
    ['hangs', (master: RedisServer) => master.freeze(), (master: RedisServer) => master.thaw()],
  ])(
    'goes on with the entries of the other shards, and publishes the rest once and in order when a master that %s is back',
    async (_name, fail, mend) => {
      const hub = await Masters.start();
      const nodes = [await hub.world.start(OPTIONS), await hub.world.start(OPTIONS)];
      onTestFinished(() => hub.failing.thaw());
      const recorder = nodes[0]!.recorder;
      await hub.add(1);
      await recorder.count(TYPES.length);
      await fail(hub.failing);
      await hub.add(40);
      const living = (events: readonly HubEvent[]): HubEvent[] =>
        events.filter(({ type }) => hub.living.includes(type));
      const heard = await recorder.until(
        (events) => living(events).length === hub.living.length * 41,
        'the events of the masters that live',
        20_000,
      );
      expect(heard.filter(({ type }) => hub.waiting.includes(type))).toHaveLength(hub.waiting.length);
      expect(await hub.stranger.xlen(hub.ingress)).toBe(hub.waiting.length * 40);
      await mend(hub.failing);
      await hub.add(3);
      expectAllOnce(await recorder.count(hub.added, 20_000), hub.added);
      await expect.poll(() => hub.isEmpty()).toBe(true);
    },
    60_000,
  );
});
