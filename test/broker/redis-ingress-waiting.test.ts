import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { takeWaiting } from '../../src/broker/redis-ingress-batch.ts';
import { claimEntries } from '../../src/broker/redis-ingress-claim.ts';
import { ingressScripts } from '../../src/broker/redis-scripts.ts';
import { startOf } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Retention } from '../../src/model/retention.ts';
import { Layout } from '../../src/model/shards.ts';
import { HAS_REDIS_SERVER, randomPrefix, type RedisServer } from '../support/redis.ts';
import { replicated, startCluster, type RedisCluster } from '../support/redis-groups.ts';
import { all } from './contract.ts';
import type { Recorder } from './recorder.ts';
import { RedisWorld } from './redis-world.ts';

const LAYOUT = Layout.of(12);
const TYPES = Array.from({ length: 24 }, (_, i) => `type${i}`);

/** A hub of twelve shards on three masters, of which one that does not have shard 0 is about to fail. */
class Masters {
  readonly cluster: RedisCluster;
  readonly world: RedisWorld;
  readonly failing: RedisServer;
  /** Types whose shards lie on the master that fails, and on the others. */
  readonly waiting: readonly string[];
  readonly living: readonly string[];
  /** A client that is not a node, of the master of shard 0. */
  readonly stranger: RedisWorld['redis'];
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
    cluster: RedisCluster,
    prefix: string,
    owners: readonly RedisServer[],
    failing: RedisServer,
  ) {
    const isWaiting = (type: string): boolean => owners[LAYOUT.shardOf(type, 'k')] === failing;
    this.cluster = cluster;
    this.world = new RedisWorld(cluster.url, owners[0]?.url, prefix, LAYOUT);
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

  /** How many entries of the ingress are pending, and how many there are. */
  async counts(): Promise<[pending: number, length: number]> {
    const [pending] = (await this.stranger.xpending(this.ingress, 'belfry')) as [number];
    return [pending, await this.stranger.xlen(this.ingress)];
  }

  /** What was heard, as soon as it has so many events of each type of the masters that live. */
  livingIn(recorder: Recorder, count: number): Promise<HubEvent[]> {
    const isEnough = (events: readonly HubEvent[]): boolean =>
      events.filter(({ type }) => this.living.includes(type)).length === this.living.length * count;
    return recorder.until(isEnough, 'the events of the masters that live', 20_000);
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
  const fails: readonly [string, (hub: Masters) => Promise<unknown>, (hub: Masters) => Promise<unknown>][] = [
    ['is dead, and starts again', ({ failing }) => failing.kill(), ({ failing }) => failing.restart()],
    ['hangs, and goes on', async ({ failing }) => failing.freeze(), async ({ failing }) => failing.thaw()],
  ];
  it.each(fails)(
    'goes on with the entries of the other shards, and publishes the rest once and in order when the master %s',
    async (_name, fail, mend) => {
      const hub = await Masters.start();
      // The second one claims almost at once what another node holds.
      const nodes = [await hub.world.start(OPTIONS), await hub.world.start({ ...OPTIONS, claimAfterMs: 50 })];
      onTestFinished(() => hub.failing.thaw());
      const { recorder } = nodes[0]!;
      await hub.add(1);
      await recorder.count(TYPES.length);
      await fail(hub);
      await hub.add(40);
      const heard = await hub.livingIn(recorder, 41);
      expect(heard.filter(({ type }) => hub.waiting.includes(type))).toHaveLength(hub.waiting.length);
      await expect.poll(() => hub.counts()).toEqual([hub.waiting.length * 40, hub.waiting.length * 40]);
      await mend(hub);
      await hub.add(3);
      expectAllOnce(await recorder.count(hub.added, 20_000), hub.added);
      await expect.poll(() => hub.counts()).toEqual([0, 0]);
      expect(nodes.reduce((sum, { broker }) => sum + broker.brokerStats.published, 0)).toBe(hub.added);
    },
    60_000,
  );

  it('lets another node move what waits to the replica that took the place of the master, when the node that was there has ended', async () => {
    const hub = await Masters.start();
    const replica = await hub.cluster.addReplica(hub.failing);
    const first = await hub.world.start(OPTIONS);
    await replicated(hub.failing, replica);
    await hub.failing.kill();
    await hub.add(10);
    await hub.livingIn(first.recorder, 10);
    await first.broker.stop();
    await hub.add(10);
    const second = hub.world.node(OPTIONS);
    onTestFinished(() => second.stop());
    await second.start(() => true);
    await expect.poll(() => hub.counts(), { timeout: 20_000 }).toEqual([0, 0]);
    await expect.poll(() => second.ready().then(() => 'ready', String), { timeout: 20_000 }).toBe('ready');
    for (const type of TYPES) {
      // A node is ready before it has reached each new master.
      const read = (): Promise<HubEvent[]> => all(second.after(startOf(LAYOUT.shardOf(type, 'k'))));
      const log = await vi.waitFor(read, { timeout: 20_000 });
      const its = log.filter((event) => event.type === type).map(numberOf);
      expect(its).toHaveLength(20);
      expect(its).toEqual(its.toSorted((a, b) => a - b));
    }
  }, 60_000);

  it('moves what waits to the new shards, once and in order, when the hub is divided anew as soon as the master is back', async () => {
    const hub = await Masters.start();
    const { broker, recorder } = await hub.world.start(OPTIONS);
    broker.onLayout((before) => {
      for (const shard of broker.layout.shards)
        if (!before.shards.includes(shard)) void broker.follow(shard, broker.layout.beginOf(shard));
    });
    await hub.failing.kill();
    await hub.add(20);
    await hub.livingIn(recorder, 20);
    await hub.failing.restart();
    await expect.poll(() => broker.reshard(4, {}).then(() => 'divided', String)).toBe('divided');
    await hub.add(5);
    expectAllOnce(await recorder.count(hub.added, 20_000), hub.added);
    await expect.poll(() => hub.counts()).toEqual([0, 0]);
    expect(broker.layout.newest.count).toBe(4);
  }, 60_000);
});

describe('entries of the ingress that wait for a shard', () => {
  /** An ingress in which entries of these sizes wait for shard 3. */
  async function waiting(...sizes: number[]): Promise<{ connection: RedisConnection; ingress: string }> {
    const world = new RedisWorld();
    const bounds = { maxEvents: 1, maxBytes: 1, maxAgeMs: 1 };
    const scripts = ingressScripts({ bounds, maxEventBytes: 1_000, retention: Retention.none });
    const connection = new RedisConnection({
      url: world.url,
      prefix: world.prefix,
      role: 'ingress',
      commandTimeoutMs: 5_000,
      scripts,
      log: pino({ level: 'silent' }),
    });
    await connection.open(5_000);
    onTestFinished(() => connection.close());
    const ingress = `{${world.prefix}}:ingress`;
    const { redis } = world;
    await redis.xgroup('CREATE', ingress, 'belfry', '0', 'MKSTREAM');
    for (const size of sizes) await redis.xadd(ingress, '*', 'event', 'x'.repeat(size));
    await redis.xreadgroup('GROUP', 'belfry', 'node-1', 'STREAMS', ingress, '>');
    for (const [id] of await redis.xrange(ingress, '-', '+'))
      await redis.xclaim(ingress, 'belfry', 'shard:3', 0, id, 'IDLE', 60_000, 'JUSTID');
    return { connection, ingress };
  }

  const options = { maxEventBytes: 1_000, part: 1 / 64, idleMs: 60_000 };

  it.each([
    ['entries', Array.from({ length: 100 }, () => 10), 4],
    ['bytes', Array.from({ length: 4 }, () => 20_000), 2],
  ])('are taken by a node up to its part of the %s that it may hold', async (_name, sizes, count) => {
    const { connection, ingress } = await waiting(...sizes);
    expect(await takeWaiting(connection, ingress, 'shard:3', options)).toHaveLength(count);
  });

  it('are not taken while another node may be moving the first of them, and when it may not, they are', async () => {
    const { connection, ingress } = await waiting(10, 10);
    const take = async (idleMs: number): Promise<number> =>
      (await takeWaiting(connection, ingress, 'shard:3', { ...options, idleMs })).length;
    expect([await take(60_000), await take(60_000), await take(0)]).toEqual([2, 0, 2]);
  });

  it('are not claimed by nodes, and what a node holds is', async () => {
    const { connection, ingress } = await waiting(10, 10);
    expect(await claimEntries(connection, ingress, 'node-2', 0, 10)).toBe(0);
    await connection.redis.xadd(ingress, '*', 'event', 'x');
    await connection.redis.xreadgroup('GROUP', 'belfry', 'node-1', 'STREAMS', ingress, '>');
    expect(await claimEntries(connection, ingress, 'node-2', 0, 10)).toBe(1);
    const pending = await connection.redis.xpending(ingress, 'belfry', '-', '+', 10);
    expect(pending.map((entry) => (entry as string[])[1])).toEqual(['shard:3', 'shard:3', 'node-2']);
  });
});
