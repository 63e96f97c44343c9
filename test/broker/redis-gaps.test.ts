import { describe, expect, it, onTestFinished } from 'vitest';
import { canonicalJson, type NewEvent } from '../../src/model/event.ts';
import { FaultProxy } from '../faults/proxy.ts';
import { HAS_REDIS_SERVER, startRedisServer, type RedisServerOptions } from '../support/redis.ts';
import { flood } from './flood.ts';
import { MuteProxy } from './mute-proxy.ts';
import { publishRefusalOf } from './refusal.ts';
import { RedisWorld } from './redis-world.ts';
import { ManualClock } from '../support/clock.ts';
import { once } from '../support/once.ts';

const event = (key: string): NewEvent => ({ type: 'a', action: 'b', key, object: null });
const WATCH_MS = 5_000;
const UPKEEP_MS = 60_000;

/** These tests have a Redis of their own, since they damage the whole server. */
async function ownWorld(options?: RedisServerOptions) {
  const server = await startRedisServer(options);
  return { server, world: new RedisWorld(server.url) };
}

describe.skipIf(!HAS_REDIS_SERVER)('a node whose subscription breaks', () => {
  it('misses no event and hears none twice, while events are published all the time', async () => {
    const { world } = await ownWorld();
    const [one, two] = [await world.start(), await world.start()];
    const end = flood(one.broker);
    for (let round = 1; round <= 5; round++) {
      await expect.poll(() => world.redis.pubsub('NUMSUB', world.channel)).toEqual([world.channel, 2]);
      await world.cut('PUBSUB');
      await expect.poll(() => world.said(40)).toHaveLength(2 * round);
      await two.recorder.count(two.recorder.events.length + 100);
    }
    const ids = await end();
    for (const { recorder } of [one, two]) {
      await recorder.until((events) => events.at(-1)?.id === ids.at(-1), 'the last one');
      expect(recorder.ids).toEqual(ids);
    }
    expect(ids.length).toBeGreaterThan(500);
  });

  it('logs once that the connection is lost, and once that it is back', async () => {
    const { world } = await ownWorld();
    const { broker } = await world.start();
    await world.cut('PUBSUB');
    const said = (): string[] => world.logged.map(({ msg }) => msg);
    await expect
      .poll(said)
      .toEqual(['the connection to Redis is lost; trying again', 'the connection to Redis is back']);
    await expect.poll(() => broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
  });

  it('counts each gap once, and whether it was repaired', async () => {
    const { world } = await ownWorld();
    const { broker, recorder } = await world.start({ clock: new ManualClock() });
    const gaps = (): number[] => [broker.brokerStats.gapsDetected, broker.brokerStats.gapsRepaired];
    expect(gaps()).toEqual([0, 0]);
    const kill = world.redis.multi().call('CLIENT', 'KILL', 'TYPE', 'PUBSUB');
    await kill.fcall('belfry_publish', 1, world.log, JSON.stringify(event('1'))).exec();
    await recorder.key('1');
    await expect.poll(gaps).toEqual([1, 1]);
    const trimmed = world.redis.multi().call('CLIENT', 'KILL', 'TYPE', 'PUBSUB');
    for (const key of ['2', '3']) trimmed.fcall('belfry_publish', 1, world.log, JSON.stringify(event(key)));
    await trimmed.xtrim(world.log, 'MAXLEN', 1).exec();
    await recorder.key('3');
    await expect.poll(() => broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
    expect(gaps()).toEqual([2, 1]);
  });

  it('delivers missed events as they come over a slow link, and is ready and publishes meanwhile', async () => {
    const { server, world } = await ownWorld();
    const proxy = await FaultProxy.before(server.port);
    onTestFinished(() => proxy.close());
    const node = new RedisWorld(`redis://127.0.0.1:${proxy.port}`, server.url, world.prefix);
    const { broker, recorder } = await node.start({ commandTimeoutMs: 1_000 });
    proxy.refuse();
    const body = JSON.stringify({ type: 'a', action: 'b', key: 'missed', object: 'x'.repeat(200_000) });
    for (let i = 0; i < 40; i++) await world.fcall(body);
    proxy.heal();
    // So slow that not everything arrives within the time limit of a command.
    proxy.throttle(8 * 1024 * 1024);
    await recorder.count(1);
    await expect.poll(() => publishRefusalOf(broker.ready()), { interval: 20 }).toBe('accepted');
    await broker.publish([event('beside')]);
    expect(recorder.events.length).toBeLessThan(40);
    await recorder.key('beside');
    expect(recorder.keys).toEqual([...Array.from({ length: 40 }, () => 'missed'), 'beside']);
  });

  it('tells a gap with its bounds when the log was trimmed meanwhile', async () => {
    const { world } = await ownWorld();
    const [one, two] = [await world.start(), await world.start({ clock: new ManualClock() })];
    const [first] = await one.broker.publish([event('1')]);
    await two.recorder.count(1);
    // This is one step, so that the node cannot reconnect in between.
    const kill = world.redis.multi().call('CLIENT', 'KILL', 'TYPE', 'PUBSUB');
    for (const key of ['2', '3', '4']) kill.fcall('belfry_publish', 1, world.log, JSON.stringify(event(key)));
    kill.xtrim(world.log, 'MAXLEN', 1);
    const replies = (await kill.exec()) ?? [];
    const [, , third, fourth] = replies.map(([, ids]) => (Array.isArray(ids) ? String(ids[0]) : ''));
    await two.recorder.key('4');
    expect(two.recorder.events.slice(1)).toMatchObject([
      { type: 'belfry', action: 'gap', key: first, object: { from: first, to: third, reason: 'trimmed' } },
      { id: fourth, previous: third, key: '4' },
    ]);
    expect(two.recorder.events[1]).not.toHaveProperty('id');
  });

  it('notices that it hears nothing though its connection is open, and subscribes anew', async () => {
    const { server, world } = await ownWorld();
    const proxy = await MuteProxy.before(server.port);
    const clock = new ManualClock();
    const one = await world.start();
    const deaf = await world.start({ url: proxy.url, clock });
    proxy.mute();
    await one.broker.publish([event('1')]);
    await one.recorder.count(1);
    await expect(deaf.broker.ready()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'This node does not hear what is published.',
    });
    expect(deaf.recorder.events).toEqual([]);

    proxy.unmute();
    clock.advance(WATCH_MS);
    await deaf.recorder.count(1);
    await one.broker.publish([event('2')]);
    await deaf.recorder.count(2);
    expect(deaf.recorder.events).toEqual(one.recorder.events);
    await deaf.broker.ready();
  });

  it('recovers from a false message at the next probe', async () => {
    const { world } = await ownWorld();
    const clock = new ManualClock();
    const { broker, recorder } = await world.start({ clock });
    const [id = ''] = await broker.publish([event('1')]);
    await recorder.count(1);
    const forged = event('forged');
    const fields = [
      `Ac ${id}`,
      '9999999999999-0',
      forged.type,
      forged.action,
      forged.key,
      canonicalJson(forged),
    ];
    await world.redis.publish(world.channel, Buffer.from(fields.join('\xff'), 'latin1'));
    await recorder.key('forged');
    await expect(broker.ready()).rejects.toMatchObject({ message: 'The log has lost its newest entries.' });
    clock.advance(WATCH_MS);
    await expect.poll(() => broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
    await broker.publish([event('2')]);
    await recorder.key('2');
    // The third is the gap, since the log does not hold what was heard before it.
    expect(recorder.keys).toEqual(['1', 'forged', '9999999999999-0', '2']);
  });

  it('is not ready while it lacks the right to subscribe again, and logs that', async () => {
    const { server, world } = await ownWorld();
    await world.redis.call('ACL', 'SETUSER', 'hub', 'on', '>pass', '~*', '+@all', 'allchannels');
    const clock = new ManualClock();
    const { broker, recorder } = await world.start({
      clock,
      url: `redis://hub:pass@127.0.0.1:${server.port}`,
    });
    await world.redis.call('ACL', 'SETUSER', 'hub', 'resetchannels');
    await expect.poll(() => world.said(40)).toContain('cannot follow the log; trying again');
    await expect(broker.ready()).rejects.toMatchObject({ message: 'This node is cut off from the log.' });

    await world.redis.call('ACL', 'SETUSER', 'hub', 'allchannels');
    await world.fcall(JSON.stringify(event('1')));
    clock.advance(WATCH_MS);
    await recorder.count(1);
    await expect.poll(() => broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
  });

  it('catches up at the next watch when nothing else triggers it', async () => {
    const { world } = await ownWorld();
    const clock = new ManualClock();
    const { recorder } = await world.start({ clock });
    // The entry is appended without a message, as if the channel had lost the message.
    await world.redis.xadd(world.log, '7-0', 'p', '0-0', 'e', JSON.stringify(event('quiet')));
    await world.redis.set(world.last, '7-0');
    clock.advance(WATCH_MS);
    expect(await recorder.count(1)).toMatchObject([{ id: '7-0', key: 'quiet' }]);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('scripts and functions that vanish from Redis', () => {
  it('do not disturb the hub after SCRIPT FLUSH', async () => {
    const { world } = await ownWorld();
    const { broker, recorder } = await world.start();
    for (const key of ['1', '2', '3']) {
      await world.redis.script('FLUSH');
      await broker.publish([event(key)]);
    }
    await recorder.count(3);
    expect(recorder.keys).toEqual(['1', '2', '3']);
  });

  it('are loaded again after FUNCTION FLUSH, at the next watch or reconnection', async () => {
    const { world } = await ownWorld();
    const clock = new ManualClock();
    const { broker, recorder } = await world.start({ clock });
    const call = () => world.fcall(JSON.stringify(event('called')));
    const works = () => call().then(() => true, () => false); // prettier-ignore

    await world.redis.function('FLUSH');
    await broker.publish([event('published')]);
    expect(await recorder.count(1)).toMatchObject([{ key: 'published' }]);
    await expect(call()).rejects.toThrow('Function not found');
    await world.redis.del(`{${world.prefix}}:rules`);
    clock.advance(WATCH_MS);
    await expect.poll(works).toBe(true);

    await world.redis.function('FLUSH');
    await world.cut('NORMAL');
    await expect.poll(works).toBe(true);
  });

  it('do not change how other functions encode JSON', async () => {
    const { world } = await ownWorld();
    await world.start();
    await world.fcall(JSON.stringify(event('1')));
    const lax =
      "return #cjson.decode(('['):rep(100) .. (']'):rep(100)) .. tostring(cjson.decode('[NaN]')[1])";
    await world.redis.function(
      'LOAD',
      `#!lua name=lax\nredis.register_function('lax', function() ${lax} end)`,
    );
    expect(await world.redis.fcall('lax', 0)).toBe('1nan');
  });

  it('are not overwritten by a node that reconnects', async () => {
    const { world } = await ownWorld();
    await world.start();
    const newer =
      "#!lua name=belfry\nredis.register_function('belfry_publish', function() return 'newer' end)";
    await world.redis.function('LOAD', 'REPLACE', newer);
    await world.cut('NORMAL');
    await expect.poll(() => world.said()).toContain('the connection to Redis is back');
    expect(await world.fcall('x')).toBe('newer');
    expect(world.said().join()).not.toContain('cannot load');
  });

  it('are not needed where Redis forbids functions: the node works and logs one warning', async () => {
    const { server, world } = await ownWorld();
    await world.redis.acl('SETUSER', 'hub', 'on', '>secret', '~*', '&*', '+@all', '-function');
    const clock = new ManualClock();
    const url = `redis://hub:secret@127.0.0.1:${server.port}`;
    const { broker, recorder } = await world.start({ clock, url });
    await broker.publish([event('1')]);
    await recorder.count(1);
    clock.advance(UPKEEP_MS);
    await broker.ready();
    expect(world.said(40).filter((line) => line !== 'a command failed at Redis')).toEqual([
      expect.stringContaining('cannot load the function belfry_publish'),
    ]);
    expect(JSON.stringify(world.logged)).not.toContain('secret');
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('what a hub keeps in Redis', () => {
  it('has one hash tag in every key, so that all keys lie on the same server of a Cluster', async () => {
    const { world } = await ownWorld();
    const { broker } = await world.start();
    await broker.publish([event('1')], once('once'));
    await world.fcall(JSON.stringify(event('2')));
    const keys = (await world.redis.keys('*')).map((key) => key.replace(/(?<=:outcomes:).*/, '…'));
    const ingress = ['ingress', 'ingress:bytes', 'ingress:settled'];
    const names = [...ingress, 'last', 'log', 'once:once', 'outcomes:…', 'rules', 'shards'].map(
      (name) => `{${world.prefix}}:${name}`,
    );
    expect(keys.toSorted()).toEqual(names.toSorted());
  });

  it('is bounded: the log by count and age, an idempotency key by five minutes', async () => {
    const world = new RedisWorld();
    const clock = new ManualClock();
    const { broker } = await world.start({
      clock,
      bounds: { maxEvents: 200, maxBytes: 268_435_456, maxAgeMs: 0 },
    });
    for (let i = 0; i < 10; i++)
      await broker.publish(
        Array.from({ length: 100 }, () => event('x')),
        once(`${i}`),
      );
    expect(await world.redis.xlen(world.log)).toBeLessThanOrEqual(300);
    expect(await world.redis.pttl(`{${world.prefix}}:once:9`)).toBeGreaterThan(290_000);
    expect(await world.redis.pttl(`{${world.prefix}}:once:9`)).toBeLessThanOrEqual(300_000);

    clock.advance(UPKEEP_MS);
    await expect.poll(() => world.redis.xlen(world.log)).toBeLessThan(100);
    await broker.ready();
  });

  it('is trimmed by the clock of Redis, whatever the clock of a node says', async () => {
    const { world } = await ownWorld();
    const clock = new ManualClock(new Date(Date.now() + 365 * 86_400_000).toISOString());
    const { broker } = await world.start({ clock });
    for (let i = 0; i < 2; i++)
      await broker.publish(
        Array.from({ length: 200 }, () => event('x')),
        once(`${i}`),
      );
    clock.advance(UPKEEP_MS);
    await expect.poll(() => world.redis.info('commandstats')).toContain('cmdstat_xtrim:');
    expect(await world.redis.xlen(world.log)).toBe(400);
  });
});
