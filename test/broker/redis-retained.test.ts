import { describe, expect, it } from 'vitest';
import { readRetained } from '../../src/broker/broker.ts';
import { parseJson } from '../../src/model/json.ts';
import { Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';
import { line, objects, RULES, value, query } from './retained-contract.ts';
import { ManualClock } from '../support/clock.ts';
import { parseEvent } from '../support/formats.ts';

const LOG = query('container.log', 'web', 9);
const RETENTION = new Retention([
  ...RULES,
  { pattern: 'deploy,profiles.*.*', last: 5, ttlMs: 60_000 },
  { pattern: '*.*.*', last: 1 },
]);

async function start(world: RedisWorld): Promise<StartedNode> {
  return world.start({ retention: RETENTION });
}

const json = (event: object): string => JSON.stringify(event);

describe('what Redis retains', () => {
  it('outlives the node, and can be read by every other node', async () => {
    const world = new RedisWorld();
    const [one, two] = [await start(world), await start(world)];
    await one.broker.publish([line('web', 1), value('save', 'm1', 2)]);
    await one.broker.stop();
    expect(await objects(two.broker, LOG)).toEqual([1]);
    expect((await two.broker.latestOf('machines', 'm1'))?.object).toEqual(2);
  });

  it('stands under the documented keys, with the ids of the log', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const [first, second] = await broker.publish([line('web:1', 1), value('save', 'm.1', 2)]);
    const [entry] = await world.redis.xrange(`{${world.prefix}}:tail:container.log:web:1`, '-', '+');
    expect(entry?.[0]).toBe(first);
    expect(JSON.parse(entry?.[1][1] ?? '')).toMatchObject(line('web:1', 1));
    const held = await world.redis.hget(`{${world.prefix}}:latest:machines`, 'm.1');
    expect(held).toMatch(new RegExp(`^${second} \\{.*"key":"m.1"`));
  });

  it.each([
    ['native', '{"type":"machines","action":"updated","key":"m1","object":{"name":"m1"}}', true],
    ['native without object', '{"type":"machines","action":"updated","key":"m1"}', true],
    ['native', '{"type":"machines","action":"updated","key":"m1","object":{"name":"m2"}}', false],
    ['native', '{"type":"machines","action":"updated","key":"m1","object":["m1"]}', true],
    ['native', '{"type":"machines","action":"updated","key":"m1","object":"m1"}', false],
    ['native', '{"type":"machines","action":"updated","key":"7","object":{"name":7}}', false],
    ['drp', '{"Type":"machines","Action":"updated","Key":"m1","Object":{"Name":"m1"}}', true],
    ['drp', '{"Type":"machines","Action":"updated","Key":"m1","Object":{"Name":"m1","Up":true}}', false],
    ['norn', '{"type":"machines.updated","appId":"m1","payload":null}', true],
    ['norn', '{"type":"machines.updated","appId":"m1","payload":{"step":"build"}}', false],
    ['dorgu', '{"type":"machines.updated","data":{"name":"m1"}}', true],
    ['dorgu', '{"type":"machines.updated","data":{"name":"m1","spec":{}}}', false],
  ])('is left by the function where the hub would leave it: %s %s', async (_format, text, isLeft) => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const event = parseEvent(parseJson(text));
    await broker.publish([value('save', event.key, 'whole')]);
    for (const publish of [() => world.fcall(text), () => broker.publish([event])]) {
      await publish();
      const { action } = (await broker.latestOf('machines', event.key)) ?? {};
      expect(action).toBe(isLeft ? 'save' : 'updated');
    }
  });

  it('is read in one instant, however much is queried, while another node publishes', async () => {
    const world = new RedisWorld();
    const [one, two] = [await start(world), await start(world)];
    // Both are more than Redis reads from a socket at once, so that it interleaves them.
    const others = Array.from({ length: 1_000 }, (_, i) => query('container.log', `other-${i}`, 1));
    for (let round = 0; round < 5; round++) {
      const published = Array.from({ length: 500 }, (_, i) => two.broker.publish([line('web', i)]));
      await one.recorder.until((events) => events.length > round * 500, 'the first of this round');
      const { events, cursor } = await readRetained(one.broker, 0, [
        ...others,
        query('container.log', 'web', 1),
      ]);
      expect(events.map(({ id }) => id)).toEqual([cursor]);
      await Promise.all(published);
      await one.recorder.count((round + 1) * 500);
    }
  });

  it('drops a tail when the TTL of its rule has passed since its last event', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([{ ...line('7', 1), type: 'deployment' }, line('web', 1)]);
    const name = `{${world.prefix}}:tail:deployment.log:7`;
    await world.redis.pexpire(name, 1_000);
    await broker.publish([{ ...line('7', 2), type: 'deployment' }]);
    expect(await world.redis.pttl(name)).toBeGreaterThan(50_000);
    expect(await world.redis.pttl(`{${world.prefix}}:tail:container.log:web`)).toBe(-1);
  });

  it('lists each tail once, under its key and its action', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([line('web:1', 1), line('web:1', 2), { ...line('a', 1), action: 'status' }]);
    await world.fcall(json({ type: 'a.b', action: 'c:d', key: '%' }));
    const names = (type: string): Promise<string[]> =>
      world.redis.zrange(`{${world.prefix}}:tails:${type}`, '0', '-1', 'WITHSCORES');
    expect(await names('container')).toEqual(['a:status', '0', 'web%3A1:log', '0']);
    expect(await names('a%2Eb')).toEqual(['%25:c%3Ad', '0']);
  });

  it('deletes the names of expired tails when new tails come, of any type', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const [ends, named, tail] = ['ends', 'tails:deploy', 'tail:deploy.step:'].map(
      (name) => `{${world.prefix}}:${name}`,
    ) as [string, string, string];
    const step = (key: string): object => ({ type: 'deploy', action: 'step', key });
    await world.fcall(...['gone', 'a.b:c', 'alive'].map((key) => json(step(key))), json(line('web', 1)));
    expect(await world.redis.zrange(ends, '0', '-1')).toHaveLength(3);
    for (const name of await world.redis.zrange(ends, '0', '-1')) await world.redis.zadd(ends, 1, name);
    await world.redis.del(`${tail}gone`, `${tail}a.b:c`);
    await broker.publish([{ type: 'profiles', action: 'save', key: 'new', object: null }]);
    expect(await world.redis.zrange(named, '0', '-1')).toEqual(['alive:step']);
    expect(await world.redis.zrange(ends, '0', '-1')).toHaveLength(2);
    const next = Number(await world.redis.zscore(ends, 'deploy.step:alive'));
    expect(next - (await world.now())).toBeGreaterThan(50_000);
  });

  it('deletes the name of a missing tail when it is read', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([line('web', 1), line('db', 1)]);
    await world.redis.del(`{${world.prefix}}:tail:container.log:web`);
    const named = `{${world.prefix}}:tails:container`;
    await world.redis.zadd(named, 0, 'rejected input', 0, '', 0, 'no:such');
    expect((await broker.latest('container')).total).toBe(1);
    expect(await world.redis.zrange(named, '0', '-1')).toEqual(['db:log']);
  });

  it.runIf(HAS_REDIS_SERVER)(
    'is read in few calls for ten thousand keys, and for one key without the others',
    async () => {
      const world = new RedisWorld((await startRedisServer()).url);
      // The clock stands still, so that the node reads nothing else meanwhile but the ingress, once at most in 2 s.
      const { broker } = await world.start({ retention: RETENTION, clock: new ManualClock() });
      await broker.publish(Array.from({ length: 10_000 }, (_, i) => line(`${i}`, i)));
      await broker.latestOf('container', '1');
      const calls = async (read: () => Promise<unknown>): Promise<unknown> => {
        await world.redis.config('RESETSTAT');
        await read();
        const stats = await world.redis.info('commandstats');
        return ['evalsha', 'xrevrange'].map((name) =>
          Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1]),
        );
      };
      const about = (count: number): number => expect.toBeOneOf([count, count + 1, count + 2]) as number;
      expect(await calls(() => broker.latestOf('container', '42'))).toEqual([about(2), 2]);
      const page = { offset: 9_000, limit: 3 };
      expect(await calls(() => broker.latest('container', page))).toEqual([about(22), 10_003]);
      expect(await calls(() => broker.latest('container'))).toEqual([about(41), 20_000]);
    },
  );

  it('makes no key for an event without a rule', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start({ retention: new Retention(RULES) });
    await broker.publish([{ type: 'profiles', action: 'save', key: 'a', object: null }]);
    await world.fcall(json({ type: 'profiles', action: 'save', key: 'a' }));
    const keys = await world.redis.keys(`{${world.prefix}}:*`);
    const names = ['log', 'last', 'ingress', 'ingress:settled', 'ingress:bytes', 'rules', 'shards'];
    const hub = names.map((name) => `{${world.prefix}}:${name}`);
    const own = new Set(hub);
    const isOurs = (key: string): boolean => own.has(key) || key.startsWith(`{${world.prefix}}:outcomes:`);
    expect(keys.filter((key) => !isOurs(key))).toEqual([]);
  });

  it.each([
    ['native', '{"type":"container","action":"log","key":"web","object":1}'],
    ['drp', '{"Type":"container","Action":"log","Key":"web","Object":1}'],
    ['drp', '{"Type":"container","ACTION":"log","KEY":"web","OBJECT":1}'],
  ])('holds what a service published by the function in the %s format', async (_name, event) => {
    const world = new RedisWorld();
    const { broker, recorder } = await start(world);
    await world.fcall(event, event.replace('web', 'db'));
    await recorder.count(2);
    const { events, cursor } = await readRetained(broker, 0, [LOG]);
    expect(events).toMatchObject([{ ...line('web', 1), id: recorder.ids[0] }]);
    expect(cursor).toBe(recorder.ids[1]);
  });

  it.each([
    ['norn', 'deploy.step:web', '{"type":"deploy.step","appId":"web","payload":{"step":"build"}}'],
    ['norn with two dots', 'deploy.step%2Eone:a.b', '{"type":"deploy.step.one","appId":"a.b","payload":{}}'],
    ['drp without key', 'profiles.save:', '{"Type":"profiles","Action":"save"}'],
    ['drp with null as key', 'profiles.save:', '{"Type":"profiles","Action":"save","Key":null}'],
  ])('files what the function takes in the format of %s', async (_name, tail, event) => {
    const world = new RedisWorld();
    await start(world);
    const ids = await world.fcall(event);
    expect(await world.redis.xrange(`{${world.prefix}}:tail:${tail}`, '-', '+')).toEqual([
      [ids[0], ['e', event]],
    ]);
  });

  it('retains clusters that the function takes in the format of dorgu, and removes them', async () => {
    const world = new RedisWorld();
    await start(world);
    const added = '{"type":"cluster.added","data":{"name":"eu.1"}}';
    const ids = await world.fcall(added, added.replace('eu.1', 'us'));
    const name = `{${world.prefix}}:latest:cluster`;
    expect(await world.redis.hget(name, 'eu.1')).toBe(`${ids[0]} ${added}`);
    await world.fcall(added.replace('added', 'deleted'));
    expect(await world.redis.hkeys(name)).toEqual(['us']);
  });

  it('retains what the function takes in the format of provisioning under its id, a text or a number', async () => {
    const world = new RedisWorld();
    await start(world);
    await world.fcall(
      '{"event_type":"TaskStatusChanged","data":{"task_id":"t"}}',
      '{"event_type":"TaskStatusChanged","data":{"task_id":42}}',
    );
    const tails = await world.redis.keys(`{${world.prefix}}:tail:*`);
    expect(tails.toSorted()).toEqual(
      ['42', 't'].map((key) => `{${world.prefix}}:tail:task.status_changed:${key}`),
    );
  });

  it('leaves out live events', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await start(world);
    await world.shout(json(line('web', 1)));
    await recorder.count(1);
    expect(await objects(broker, LOG)).toEqual([]);
  });

  it('leaves out an event that somebody stored under a wrong key', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const foreign = json(line('db', 1));
    await world.redis.xadd(`{${world.prefix}}:tail:container.log:web`, '1-0', 'e', foreign);
    await world.redis.hset(`{${world.prefix}}:latest:machines`, 'a', `1-0 ${foreign}`);
    expect(await objects(broker, LOG, query('machines.*', 'a', 1))).toEqual([]);
    expect(await broker.latest('machines')).toEqual({ events: [], total: 0 });
    expect(await broker.latestOf('machines', 'a')).toBeUndefined();
  });

  it('begins anew when the log begins anew with earlier ids', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([line('web', 1)]);
    const name = `{${world.prefix}}:tail:container.log:web`;
    await world.redis.xadd(name, '9999999999999-0', 'e', json(line('web', 2)));
    const [id] = await broker.publish([line('web', 3)]);
    expect((await readRetained(broker, 0, [LOG])).events).toMatchObject([{ object: 3, id }]);
  });

  it('does not stop events when a key holds a wrong type', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await start(world);
    await world.redis.set(`{${world.prefix}}:latest:machines`, 'x');
    const ids = await broker.publish([value('save', 'a', 1), value('delete', 'a', 1), value('save', 'b', 1)]);
    await recorder.count(3);
    expect(recorder.ids).toEqual(ids);
    await broker.ready();
    await expect(broker.latest('machines')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(readRetained(broker, 0, [query('machines.*', 'a', 1)])).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('reports and leaves out what is not an event', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await world.redis.hset(`{${world.prefix}}:latest:machines`, { a: 'rejected input', b: '', c: '1-0 {}' });
    await broker.publish([value('save', 'd', 1)]);
    expect((await broker.latest('machines')).events.map(({ key }) => key)).toEqual(['d']);
    expect(world.reasons).toHaveLength(3);
  });

  it.runIf(HAS_REDIS_SERVER)(
    'cannot be read while Redis is away, and can be read when it is back',
    async () => {
      const server = await startRedisServer({ keeps: true });
      const world = new RedisWorld(server.url);
      const { broker } = await start(world);
      await broker.publish([line('web', 1), value('save', 'a', 1)]);
      await server.stop();
      const reads = [() => readRetained(broker, 0, [LOG]), () => broker.latest('machines')];
      for (const read of reads) await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(broker.latestOf('machines', 'a')).rejects.toMatchObject({ code: 'unavailable' });
      await server.restart();
      await expect.poll(() => objects(broker, LOG).catch(() => 'away')).toEqual([1]);
      expect((await broker.latestOf('machines', 'a'))?.object).toEqual(1);
    },
  );
});
