import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compareCursors, shardOfCursor } from '../../src/model/cursor.ts';
import type { HubEvent, NewEvent } from '../../src/model/event.ts';
import { readRetained } from '../../src/broker/broker.ts';
import { Layout } from '../../src/model/shards.ts';
import { HAS_REDIS_SERVER } from '../support/redis.ts';
import { startCluster } from '../support/redis-groups.ts';
import { Retention } from '../../src/model/retention.ts';
import { once } from '../support/once.ts';
import { RedisWorld } from './redis-world.ts';

const of = (type: string, key: string, object: number): NewEvent => ({ type, action: 'save', key, object });

const numberOf = ({ object }: HubEvent): number => Number(JSON.stringify(object));

describe('a hub that is divided anew while it runs', () => {
  it('goes on in the new shards at every node, and back', async () => {
    const world = new RedisWorld();
    const nodes = [await world.start(), await world.start()];
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    for (const { broker } of nodes)
      broker.onLayout((before) => {
        for (const shard of broker.layout.shards)
          if (!before.shards.includes(shard)) void broker.follow(shard, broker.layout.beginOf(shard));
      });
    let count = 0;
    const publish = async (): Promise<number[]> => {
      const ids = [];
      for (let i = 0; i < 40; i++) {
        const { broker } = nodes[i % 2]!;
        ids.push(...(await broker.publish([of(`type${i % 8}`, `${i % 5}`, count++)])));
      }
      return [...new Set(ids.map(shardOfCursor))];
    };
    expect(await publish()).toEqual([0]);
    await a.broker.reshard(12, {});
    const first = await publish();
    expect(first.length).toBeGreaterThan(3);
    expect(Math.min(...first)).toBeGreaterThan(0);
    await b.broker.reshard(4, { type1: 4 });
    const second = await publish();
    expect(Math.min(...second)).toBeGreaterThan(12);
    for (const { recorder } of nodes) {
      const heard = await recorder.count(120);
      const numbers = heard.map(numberOf).toSorted((x, y) => x - y);
      expect(numbers).toEqual(Array.from({ length: 120 }, (_, i) => i));
      for (const [, its] of Map.groupBy(heard, ({ type, key }) => `${type} ${key}`)) {
        const order = its.map(numberOf);
        expect(order).toEqual(order.toSorted((x, y) => x - y));
      }
    }
  });

  it('answers a repetition as the first publish was answered before', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start();
    const list = Array.from({ length: 20 }, (_, i) => of(`type${i}`, 'k', i));
    const before = await broker.publish(list, once('x'));
    await broker.reshard(12, {});
    expect(await broker.publish(list, once('x'))).toEqual(before);
    const after = await broker.publish(list, once('y'));
    expect(after).not.toContain(before[0]);
    await broker.reshard(1, {});
    expect(await broker.publish(list, once('y'))).toEqual(after);
  });

  it('keeps what is retained, also where it is removed or replaced afterwards', async () => {
    const world = new RedisWorld();
    const retention = new Retention([
      { pattern: 'state0,state1,state2.*.*', latest: true },
      { pattern: 'lines.*.*', last: 3, ttlMs: 60_000 },
    ]);
    const { broker } = await world.start({ retention });
    for (let i = 0; i < 600; i++) await broker.publish([of(`state${i % 3}`, `key.${i % 50}:%`, i)]);
    for (let i = 0; i < 20; i++) await broker.publish([of('lines', `a:${i % 2}.%`, i)]);
    const all = async () => {
      const latest = await Promise.all(
        ['state0', 'state1', 'state2', 'lines'].map((type) => broker.latest(type)),
      );
      return latest.map(({ events, total }) => [total, events.map((each) => [each.key, numberOf(each)])]);
    };
    const before = await all();
    await broker.reshard(12, { state0: 5, lines: 12 });
    expect(await all()).toEqual(before);
    const kept = broker.layout.newest;
    expect(kept.count).toBe(12);
    for (const key of ['a:0.%', 'a:1.%']) {
      const query = { type: 'lines', action: 'save', key, count: 10 };
      const { events } = await readRetained(broker, broker.layout.shardOf('lines', key), [query]);
      expect(events.map(numberOf)).toHaveLength(3);
    }
    await broker.publish([
      { ...of('state0', 'key.0:%', 0), action: 'delete' },
      of('state1', 'key.1:%', 7_000),
    ]);
    await broker.publish([of('lines', 'a:0.%', 8_000)]);
    await broker.reshard(1, {});
    expect(await broker.latestOf('state0', 'key.0:%')).toBeUndefined();
    expect(numberOf((await broker.latestOf('state1', 'key.1:%'))!)).toBe(7_000);
    const query = { type: 'lines', action: 'save', key: 'a:0.%', count: 10 };
    const { events } = await readRetained(broker, broker.layout.newest.first, [query]);
    expect(events.map(numberOf)).toEqual([16, 18, 8_000]);
    const [tail = ''] = await world.redis.keys(`{${world.prefix}:13}:tail:lines*a:0*`);
    expect(await world.redis.pttl(tail)).toBeGreaterThan(0);
  });

  const script = (name: string): string =>
    readFileSync(new URL(`../../src/broker/${name}.lua`, import.meta.url), 'utf8');

  it.each([
    ['the next epoch was stored', 0],
    ['one shard was closed', 1],
    ['all shards were closed', 2],
    ['the ends of the logs were stored', 3],
    ['one of the new shards was opened', 4],
    ['all of the new shards were opened', 5],
  ])(
    'goes on at another node when the node that divides it ends after %s',
    async (_stage, stage) => {
      const world = RedisWorld.ofShards(2);
      const { broker, recorder } = await world.start();
      const list = Array.from({ length: 10 }, (_, i) => of(`type${i}`, 'k', i));
      await broker.publish(list);
      const { redis, prefix } = world;
      const name = (shard: number): string => `{${prefix}:${shard}}`;
      const next = { first: 3, count: 4, fans: {} };
      const close = async (shard: number): Promise<string> =>
        (await redis.eval(script('shard-close'), 1, `${name(shard)}:last`, 50_000, 1_048_576)) as string;
      await redis.set(`{${prefix}}:shards:by`, 'a node that was killed', 'PX', 500);
      await redis.set(`{${prefix}}:shards:next`, JSON.stringify(next));
      const after: Record<string, string> = {};
      if (stage >= 1) after['1'] = await close(1);
      if (stage >= 2) after['2'] = await close(2);
      if (stage >= 3) await redis.set(`{${prefix}}:shards:next`, JSON.stringify({ ...next, after }));
      const begin = Object.values(after).reduce((a, b) => (compareCursors(a, b) > 0 ? a : b), '0-0');
      for (let shard = 3; shard < (stage >= 5 ? 7 : stage >= 4 ? 4 : 3); shard++)
        await redis.eval(script('shard-open'), 2, `${name(shard)}:log`, `${name(shard)}:last`, begin);
      broker.onLayout(() => {
        for (let shard = 3; shard < 7; shard++) void broker.follow(shard, broker.layout.beginOf(shard));
      });
      let published = list.length;
      const publish = async (): Promise<boolean> => {
        const ids = await broker.publish(list);
        published += ids.length;
        return ids.every((id) => shardOfCursor(id) > 2);
      };
      // Where nothing is closed yet, nobody needs the new shards, and the node goes on at its next look.
      await expect.poll(publish, { timeout: 12_000 }).toBe(true);
      expect(await recorder.count(published)).toHaveLength(published);
      expect(await redis.exists(`{${prefix}}:shards:next`)).toBe(0);
    },
    20_000,
  );

  it('keeps the log of shard 0 as long as it was when nodes start with the settings of the new shards', async () => {
    const world = new RedisWorld();
    const bounds = { maxEvents: 1_300, maxBytes: 1_300_000, maxAgeMs: 86_400_000 };
    const { broker } = await world.start({ bounds });
    await broker.publish(Array.from({ length: 1_000 }, (_, i) => of('a', 'k', i)));
    await broker.reshard(12, {});
    const again = await world.start({ bounds, layout: Layout.of(12) });
    const own = { type: 'connections', action: 'create', key: 'k', object: 'x'.repeat(20_000) };
    for (let i = 0; i < 3; i++) await again.broker.publish([own]);
    expect(await world.redis.xlen(world.log)).toBe(1_003);
  });

  it.runIf(HAS_REDIS_SERVER)(
    'goes on over three masters of a Cluster, each with a part of the shards',
    async () => {
      const cluster = await startCluster();
      onTestFinished(() => cluster.dispose());
      const world = new RedisWorld(cluster.url, cluster.masters[0]?.url);
      const nodes = [await world.start(), await world.start()];
      for (const { broker } of nodes)
        broker.onLayout((before) => {
          for (const shard of broker.layout.shards)
            if (!before.shards.includes(shard)) void broker.follow(shard, broker.layout.beginOf(shard));
        });
      let count = 0;
      const publish = async (): Promise<void> => {
        for (let i = 0; i < 60; i++) {
          const list = [of(`type${i % 8}`, '0', count++), of(`type${(i + 1) % 8}`, '1', count++)];
          await nodes[i % 2]?.broker.publish(list, once(`list ${count}`));
        }
      };
      await publish();
      const under = publish();
      await nodes[0]?.broker.reshard(12, {});
      await under;
      await publish();
      await nodes[1]?.broker.reshard(4, {});
      await publish();
      for (const { recorder } of nodes) {
        const heard = await recorder.count(count);
        expect(heard.map(numberOf).toSorted((x, y) => x - y)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
      }
      await Promise.all(nodes.map(({ broker }) => broker.ready()));
    },
    30_000,
  );
});
