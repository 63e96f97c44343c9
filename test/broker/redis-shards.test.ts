import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shardOfCursor, startOf } from '../../src/model/cursor.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { Layout, namesOfShards } from '../../src/model/shards.ts';
import { ManualClock } from '../support/clock.ts';
import { once } from '../support/once.ts';
import { startRedisServer, HAS_REDIS_SERVER, randomPrefix, type RedisServer } from '../support/redis.ts';
import { startCluster } from '../support/redis-groups.ts';
import { all } from './contract.ts';
import { Recorder } from './recorder.ts';
import { RedisWorld } from './redis-world.ts';

const LAYOUT = Layout.of(12, { spread: 4 });
const of = (type: string, key = 'k'): NewEvent => ({ type, action: 'save', key, object: null });
/** Types of which each lies in a shard of its own. */
const TYPES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].filter(
  (type, i, types) => types.findIndex((other) => shardOf(other) === shardOf(type)) === i,
);
const LIST = TYPES.map((type) => of(type));

function shardOf(type: string, key = 'k'): number {
  return LAYOUT.shardOf(type, key);
}

function twelve(): RedisWorld {
  return new RedisWorld(undefined, undefined, undefined, LAYOUT);
}

describe('a hub of twelve shards', () => {
  it('appends each event to the log of its shard, under an id that names it', async () => {
    const { broker, recorder } = await twelve().start();
    const ids = await broker.publish(LIST);
    expect(ids.map(shardOfCursor)).toEqual(TYPES.map((type) => shardOf(type)));
    expect(new Set(await recorder.count(LIST.length).then((heard) => heard.map(({ id }) => id)))).toEqual(
      new Set(ids),
    );
    for (const [i, id] of ids.entries())
      expect(await all(broker.after(startOf(shardOfCursor(id))))).toMatchObject([{ ...LIST[i], id }]);
    expect(await all(broker.after(startOf(0)))).toEqual([]);
  });

  it('delivers only what lies in the shards that a node follows', async () => {
    const world = twelve();
    const { broker } = await world.start();
    const one = world.node();
    onTestFinished(() => one.stop());
    const recorder = new Recorder();
    await one.start(recorder.hear);
    const [first = '', second = ''] = TYPES;
    const [before] = await broker.publish([of(first, 'before')]);
    expect(await one.follow(shardOf(first))).toBe(before);
    await broker.publish([of(second, 'unheard'), of(first, 'heard')]);
    expect((await recorder.key('heard')).map(({ key }) => key)).toEqual(['heard']);
    one.unfollow(shardOf(first));
    await one.follow(shardOf(second));
    await broker.publish([of(first, 'unheard'), of(second, 'too')]);
    expect((await recorder.key('too')).map(({ key }) => key)).toEqual(['heard', 'too']);
    await one.ready();
  });

  it('completes a list that only some shards took when its idempotency key is repeated', async () => {
    const world = twelve();
    const { broker, recorder } = await world.start();
    const [first] = LIST as [NewEvent];
    const [id] = await broker.publish([first], once('list'));
    const ids = await broker.publish(LIST, once('list'));
    expect(ids[0]).toBe(id);
    expect(await broker.publish(LIST, once('list'))).toEqual(ids);
    await recorder.count(LIST.length);
    const logged = await Promise.all(LAYOUT.shards.map((shard) => all(broker.after(startOf(shard)))));
    expect(logged.flat()).toHaveLength(LIST.length);
  });

  it('accepts a call of belfry_publish for its own shard, and says where an event belongs that lies elsewhere', async () => {
    const world = twelve();
    const { recorder } = await world.start();
    const [first = '', second = ''] = TYPES;
    const call = (shard: number, ...events: NewEvent[]): Promise<unknown> =>
      world.redis.call(
        'FCALL',
        'belfry_publish',
        1,
        shard === 0 ? world.log : `{${world.prefix}:${shard}}:log`,
        ...events.map((event) => JSON.stringify(event)),
      );
    for (let i = 0; i < 40; i++) {
      const ids = (await call(shardOf(first), of(first, `${i}`))) as string[];
      expect(ids.map(shardOfCursor)).toEqual([shardOf(first)]);
    }
    await recorder.count(40);
    expect(recorder.keys).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
    const elsewhere = `wrong_shard: it belongs to shard ${shardOf(second)}, {${world.prefix}:${shardOf(second)}}:log`;
    await expect(call(shardOf(first), of(second))).rejects.toThrow(elsewhere);
    await expect(call(0, of(second))).rejects.toThrow(elsewhere);
    await expect(call(shardOf(first), of(first), of(second))).rejects.toThrow(
      'wrong_shard: event 2 of 2: it belongs to shard',
    );
    for (let i = 0; i < 60; i++) await call(shardOf('spread', `${i}`), of('spread', `${i}`));
    await expect(call((shardOf('spread', '1') % 12) + 1, of('spread', '1'))).rejects.toThrow('wrong_shard');
  });

  it('moves what comes through the ingress to its shards, in order for each key, once', async () => {
    const world = twelve();
    const nodes = [await world.start(), await world.start({ claimAfterMs: 50 })];
    const count = 400;
    for (let i = 0; i < count; i++) {
      const type = TYPES[i % TYPES.length] ?? '';
      const event = JSON.stringify({ ...of(type), object: i });
      await world.redis.xadd(`{${world.prefix}}:ingress`, '*', 'event', event);
    }
    const heard = await nodes[0]?.recorder.count(count);
    expect(heard).toHaveLength(count);
    for (const [at, type] of TYPES.entries()) {
      const log = await all(nodes[1]!.broker.after(startOf(shardOf(type))));
      const expected = Array.from({ length: count }, (_, i) => i).filter((i) => i % TYPES.length === at);
      expect(log.map(({ object }) => JSON.parse(JSON.stringify(object)) as unknown)).toEqual(expected);
    }
    await expect.poll(() => world.redis.xlen(`{${world.prefix}}:ingress`)).toBe(0);
    expect(nodes.reduce((sum, { broker }) => sum + broker.brokerStats.published, 0)).toBe(count);
  });

  it('accepts a fence in every shard while the lease is held, and in none after it was released', async () => {
    const { broker } = await twelve().start();
    const holder = { holder: 'a', principal: 'user:ada' };
    const { fence } = await broker.leases.take('x', holder, 60_000);
    expect(await broker.publish(LIST, undefined, { lease: 'x', fence })).toHaveLength(LIST.length);
    await broker.leases.release('x', holder);
    const lost = { code: 'lease_lost' };
    await expect(broker.publish(LIST, undefined, { lease: 'x', fence })).rejects.toMatchObject(lost);
    const next = await broker.leases.take('x', { ...holder, holder: 'b' }, 60_000);
    await expect(broker.publish(LIST, undefined, { lease: 'x', fence })).rejects.toMatchObject(lost);
    expect(await broker.publish(LIST, undefined, { lease: 'x', fence: next.fence })).toHaveLength(
      LIST.length,
    );
  });

  it('refuses a node with another number of shards, or other fans', async () => {
    const world = twelve();
    await world.start();
    for (const [layout, words] of [
      [Layout.of(4), 'The hub has 12 shards, and BELFRY_SHARDS of this node is 4. Expected BELFRY_SHARDS=12'],
      [Layout.single, 'The hub has 12 shards, and BELFRY_SHARDS of this node is 1.'],
      [Layout.of(12, { spread: 5 }), 'The hub has BELFRY_SHARD_FANS={"spread":4}'],
    ] as const)
      await expect(world.node({ layout }).start(() => false)).rejects.toThrow(words);
  });

  it('is refused where a hub has published before it had a layout', async () => {
    const world = twelve();
    const { broker } = await world.start({ layout: Layout.single });
    await broker.publish([of('a')]);
    await world.redis.del(`{${world.prefix}}:shards`);
    await expect(world.node().start(() => false)).rejects.toThrow('The hub has one shard, and BELFRY_SHARDS');
  });

  it('writes the rules of its shards again after a node of an earlier version has written its own, by which the function would accept anything into shard 0', async () => {
    const world = twelve();
    await world.start();
    const name = `{${world.prefix}}:rules`;
    const { shards, ...older } = JSON.parse((await world.redis.hget(name, 'rules')) ?? '') as {
      shards: object;
    };
    expect(shards).toMatchObject({ shard: 0, count: 12 });
    await world.redis.hset(name, { format: '2', digest: world.prefix, rules: JSON.stringify(older) });
    const call = (): Promise<unknown> =>
      world.redis.call('FCALL', 'belfry_publish', 1, world.log, JSON.stringify(of('a'))).catch(String);
    expect(await call()).toEqual([expect.stringMatching(/^\d+-\d+$/)]);
    await expect.poll(call, { timeout: 10_000 }).toContain('wrong_shard');
  });

  it('knows how far the clock of each master is ahead of the clock of the node', async () => {
    const clock = new ManualClock();
    const { broker } = await twelve().start({ clock });
    for (const { clockOffsetMs = NaN } of broker.brokerStats.shards)
      expect(Math.abs(clockOffsetMs - (Date.now() - clock.now()))).toBeLessThan(60_000);
  });

  it('refuses to read a shard that it does not have', async () => {
    const { broker } = await twelve().start();
    await expect(broker.page('99:1-0')).rejects.toMatchObject({ code: 'cursor_invalid' });
    expect(() => broker.after('99:1-0')).toThrow('no shard 99');
  });

  it.skipIf(!HAS_REDIS_SERVER)(
    'counts the gaps of a shard that the node has left, since a count must not fall',
    async () => {
      const { url } = await startRedisServer();
      const world = new RedisWorld(url, url, undefined, LAYOUT);
      const { broker } = await world.start();
      const shard = shardOf(TYPES[0] ?? '');
      const gaps = (): number =>
        broker.brokerStats.shards.find((stats) => stats.shard === shard)?.gapsDetected ?? 0;
      await broker.follow(shard);
      await world.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await expect.poll(gaps).toBe(1);
      broker.unfollow(shard);
      expect(gaps()).toBe(1);
    },
  );
});

describe.skipIf(!HAS_REDIS_SERVER)('a shard on a Redis Cluster (needs a redis-server on the PATH)', () => {
  it('is heard and published to without a loss while its slot moves to another master', async () => {
    const cluster = await startCluster();
    const world = new RedisWorld(cluster.url, cluster.masters[0]?.url, undefined, LAYOUT);
    const { broker, recorder } = await world.start();
    const [type = ''] = TYPES;
    const name = `${world.prefix}:${shardOf(type)}`;
    const publish = (key: string): Promise<unknown> => broker.publish([of(type, key)], once(key));
    for (let i = 0; i < 20; i++) await publish(`${i}`);
    const from = await cluster.ownerOf(name);
    const to = cluster.masters.find((master) => master !== from);
    if (to === undefined) throw new Error('The cluster has only one master.');
    await cluster.moveSlot(name, to);
    for (let i = 20; i < 40; i++)
      await expect.poll(() => publish(`${i}`).then(() => 'taken', String), { timeout: 10_000 }).toBe('taken');
    await recorder.count(40);
    expect(recorder.keys).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
    const owner = new Redis(to.url);
    onTestFinished(() => owner.disconnect());
    expect(await owner.xlen(`{${name}}:log`)).toBe(40);
    await expect.poll(() => broker.ready().then(() => 'ready', String), { timeout: 10_000 }).toBe('ready');
  });

  it('is named by the readiness of a node while its master is away, with the others of that master', async () => {
    const cluster = await startCluster({ args: ['--cluster-require-full-coverage', 'no'] });
    const world = new RedisWorld(cluster.url, cluster.masters[0]?.url, undefined, LAYOUT);
    const { broker } = await world.start();
    await broker.ready();
    const owners = await Promise.all(
      LAYOUT.shards.map((shard) => cluster.ownerOf(shard === 0 ? world.prefix : `${world.prefix}:${shard}`)),
    );
    const away = owners.find((owner) => owner !== owners[0]);
    const theirs = LAYOUT.shards.filter((shard) => owners[shard] === away);
    await away?.kill();
    await expect
      .poll(() => broker.ready().then(() => 'ready', String))
      .toContain(`${namesOfShards(theirs)}: The node is not connected to Redis.`);
    const unhealthy = broker.brokerStats.shards.filter(({ isHealthy }) => !isHealthy);
    expect(unhealthy.map(({ shard }) => shard).toSorted((a, b) => a - b)).toEqual(theirs);
  });

  it('goes on by itself when a node began while its master was away, and the others are served meanwhile', async () => {
    const cluster = await startCluster({
      keeps: true,
      args: ['--cluster-require-full-coverage', 'no'],
    });
    const { url, masters } = cluster;
    let prefix = randomPrefix();
    const ownersOf = (hub: string): Promise<RedisServer[]> =>
      Promise.all(LAYOUT.shards.map((shard) => cluster.ownerOf(shard === 0 ? hub : `${hub}:${shard}`)));
    let owners = await ownersOf(prefix);
    while (owners[0] !== masters[0]) owners = await ownersOf((prefix = randomPrefix()));
    const world = new RedisWorld(url, masters[0]?.url, prefix, LAYOUT);
    const away = owners.find((owner) => owner !== masters[0]);
    const isAway = (type: string): boolean => owners[LAYOUT.shards.indexOf(shardOf(type))] === away;
    await away?.kill();
    const broker = world.node({ connectTimeoutMs: 1_000, commandTimeoutMs: 500 });
    onTestFinished(() => broker.stop());
    const recorder = new Recorder();
    await broker.start(recorder.hear);
    const [living = '', dead = ''] = [TYPES.find((type) => !isAway(type)), TYPES.find(isAway)];
    await broker.follow(shardOf(living));
    await broker.publish([of(living)]);
    await recorder.count(1);
    await expect(broker.publish([of(dead)])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.follow(shardOf(dead))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.ready()).rejects.toThrow('hards ');
    await away?.restart();
    await expect.poll(() => broker.ready().then(() => 'ready', String), { timeout: 20_000 }).toBe('ready');
    await broker.follow(shardOf(dead));
    await broker.publish([of(dead)]);
    await recorder.count(2);
  });
});
