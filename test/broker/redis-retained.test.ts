import { describe, expect, it } from 'vitest';
import { Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';
import { line, objects, RULES, value, wish } from './retained-contract.ts';

const LOG = wish('container.log', 'web', 9);
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
  it('outlives the node, and is there for every other one', async () => {
    const world = new RedisWorld();
    const [one, two] = [await start(world), await start(world)];
    await one.broker.publish([line('web', 1), value('save', 'm1', 2)]);
    await one.broker.stop();
    expect(await objects(two.broker, LOG)).toEqual([1]);
    expect((await two.broker.latestOf('machines', 'm1'))?.object).toBe(2);
  });

  it('stands under names that the README tells, with the ids of the log', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const [first, second] = await broker.publish([line('web:1', 1), value('save', 'm.1', 2)]);
    const [entry] = await world.redis.xrange(`{${world.prefix}}:tail:container.log:web:1`, '-', '+');
    expect(entry?.[0]).toBe(first);
    expect(JSON.parse(entry?.[1][1] ?? '')).toMatchObject(line('web:1', 1));
    const held = await world.redis.hget(`{${world.prefix}}:latest:machines`, 'm.1');
    expect(held).toMatch(new RegExp(`^${second} \\{.*"key":"m.1"`));
  });

  it('is read in one instant, however much is wished for, while another node publishes', async () => {
    const world = new RedisWorld();
    const [one, two] = [await start(world), await start(world)];
    // Both more than Redis reads from a socket at once, so that it turns to one in the middle of the other.
    const others = Array.from({ length: 1_000 }, (_, i) => wish('container.log', `other-${i}`, 1));
    for (let round = 0; round < 5; round++) {
      const published = Array.from({ length: 500 }, (_, i) => two.broker.publish([line('web', i)]));
      await one.ear.until((events) => events.length > round * 500, 'the first of this round');
      const { events, cursor } = await one.broker.retained([...others, wish('container.log', 'web', 1)]);
      expect(events.map(({ id }) => id)).toEqual([cursor]);
      await Promise.all(published);
      await one.ear.count((round + 1) * 500);
    }
  });

  it('ends a tail so long after its last event, where the rule says so', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([{ ...line('7', 1), type: 'deployment' }, line('web', 1)]);
    const name = `{${world.prefix}}:tail:deployment.log:7`;
    await world.redis.pexpire(name, 1_000);
    await broker.publish([{ ...line('7', 2), type: 'deployment' }]);
    expect(await world.redis.pttl(name)).toBeGreaterThan(50_000);
    expect(await world.redis.pttl(`{${world.prefix}}:tail:container.log:web`)).toBe(-1);
  });

  it('makes no key for an event without a rule', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start({ retention: new Retention(RULES) });
    await broker.publish([{ type: 'profiles', action: 'save', key: 'a', object: null }]);
    await world.fcall(json({ type: 'profiles', action: 'save', key: 'a' }));
    const keys = await world.redis.keys(`{${world.prefix}}:*`);
    const own = new Set([world.last, world.log, `{${world.prefix}}:ingress`]);
    expect(keys.filter((key) => !own.has(key))).toEqual([]);
  });

  it.each([
    ['native', '{"type":"container","action":"log","key":"web","object":1}'],
    ['drp', '{"Type":"container","Action":"log","Key":"web","Object":1}'],
    ['drp', '{"Type":"container","ACTION":"log","KEY":"web","OBJECT":1}'],
  ])('holds what a service published by the function in the %s spelling', async (_name, event) => {
    const world = new RedisWorld();
    const { broker, ear } = await start(world);
    await world.fcall(event, event.replace('web', 'db'));
    await ear.count(2);
    const { events, cursor } = await broker.retained([LOG]);
    expect(events).toMatchObject([{ ...line('web', 1), id: ear.ids[0] }]);
    expect(cursor).toBe(ear.ids[1]);
  });

  it.each([
    ['norn', 'deploy.step:web', '{"type":"deploy.step","appId":"web","payload":{"step":"build"}}'],
    ['norn with two dots', 'deploy.step%2Eone:a.b', '{"type":"deploy.step.one","appId":"a.b","payload":{}}'],
    ['drp without key', 'profiles.save:', '{"Type":"profiles","Action":"save"}'],
    ['drp with null as key', 'profiles.save:', '{"Type":"profiles","Action":"save","Key":null}'],
  ])('files what the function takes in the spelling of %s', async (_name, tail, event) => {
    const world = new RedisWorld();
    await start(world);
    const ids = await world.fcall(event);
    expect(await world.redis.xrange(`{${world.prefix}}:tail:${tail}`, '-', '+')).toEqual([
      [ids[0], ['e', event]],
    ]);
  });

  it('files clusters that the function takes in the spelling of dorgu, and forgets them', async () => {
    const world = new RedisWorld();
    await start(world);
    const added = '{"type":"cluster.added","data":{"name":"eu.1"}}';
    const ids = await world.fcall(added, added.replace('eu.1', 'us'));
    const name = `{${world.prefix}}:latest:cluster`;
    expect(await world.redis.hget(name, 'eu.1')).toBe(`${ids[0]} ${added}`);
    await world.fcall(added.replace('added', 'deleted'));
    expect(await world.redis.hkeys(name)).toEqual(['us']);
  });

  it('leaves out what the function takes in the spelling of provisioning: only the hub knows its type', async () => {
    const world = new RedisWorld();
    await start(world);
    await world.fcall('{"event_type":"TaskStatusChanged","data":{"task_id":"t"}}');
    expect(await world.redis.keys(`{${world.prefix}}:tail:*`)).toEqual([]);
  });

  it('leaves out what is only shouted', async () => {
    const world = new RedisWorld();
    const { broker, ear } = await start(world);
    await world.shout(json(line('web', 1)));
    await ear.count(1);
    expect(await objects(broker, LOG)).toEqual([]);
  });

  it('is nothing that was filed under another name than its own', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    const foreign = json(line('db', 1));
    await world.redis.xadd(`{${world.prefix}}:tail:container.log:web`, '1-0', 'e', foreign);
    await world.redis.hset(`{${world.prefix}}:latest:machines`, 'a', `1-0 ${foreign}`);
    expect(await objects(broker, LOG, wish('machines.*', 'a', 1))).toEqual([]);
    expect(await broker.latest('machines')).toEqual([]);
    expect(await broker.latestOf('machines', 'a')).toBeUndefined();
  });

  it('begins anew when the log does, and numbers from the past', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await broker.publish([line('web', 1)]);
    const name = `{${world.prefix}}:tail:container.log:web`;
    await world.redis.xadd(name, '9999999999999-0', 'e', json(line('web', 2)));
    const [id] = await broker.publish([line('web', 3)]);
    expect((await broker.retained([LOG])).events).toMatchObject([{ object: 3, id }]);
  });

  it('does not keep events from flowing when a key is not what it should be', async () => {
    const world = new RedisWorld();
    const { broker, ear } = await start(world);
    await world.redis.set(`{${world.prefix}}:latest:machines`, 'x');
    const ids = await broker.publish([value('save', 'a', 1), value('delete', 'a', 1), value('save', 'b', 1)]);
    await ear.count(3);
    expect(ear.ids).toEqual(ids);
    await broker.ready();
    await expect(broker.latest('machines')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.retained([wish('machines.*', 'a', 1)])).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('is reported and left out when somebody wrote rubbish into it', async () => {
    const world = new RedisWorld();
    const { broker } = await start(world);
    await world.redis.hset(`{${world.prefix}}:latest:machines`, { a: 'rubbish', b: '', c: '1-0 {}' });
    await broker.publish([value('save', 'd', 1)]);
    expect((await broker.latest('machines')).map(({ key }) => key)).toEqual(['d']);
    expect(world.reasons).toHaveLength(3);
  });

  it.runIf(HAS_REDIS_SERVER)('cannot be read while Redis is away, and is there when it is back', async () => {
    const server = await startRedisServer({ keeps: true });
    const world = new RedisWorld(server.url);
    const { broker } = await start(world);
    await broker.publish([line('web', 1), value('save', 'a', 1)]);
    await server.stop();
    const reads = [() => broker.retained([LOG]), () => broker.latest('machines')];
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.latestOf('machines', 'a')).rejects.toMatchObject({ code: 'unavailable' });
    await server.restart();
    await expect.poll(() => objects(broker, LOG).catch(() => 'away')).toEqual([1]);
    expect((await broker.latestOf('machines', 'a'))?.object).toBe(1);
  });
});
