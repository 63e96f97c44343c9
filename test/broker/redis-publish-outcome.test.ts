import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { OutcomeUnknown, type Attempt } from '../../src/model/idempotency.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { once } from '../support/once.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';
import { SlowProxy } from './slow-proxy.ts';

const event = (key: string): NewEvent => ({ type: 'a', action: 'b', key, object: null });

/** A node behind a slow proxy, and another node beside it. */
async function twoNodes(): Promise<{
  world: RedisWorld;
  proxy: SlowProxy;
  node: StartedNode;
  other: StartedNode;
}> {
  const { url, port } = await startRedisServer();
  const world = new RedisWorld(url);
  const proxy = await SlowProxy.before(port);
  const node = await world.start({ url: proxy.url, commandTimeoutMs: 300 });
  return { world, proxy, node, other: await world.start() };
}

const logged = async ({ redis, log }: RedisWorld): Promise<string[]> =>
  (await redis.xrange(log, '-', '+')).map(([id]) => id);

/** The error of a publish with an unknown outcome. */
async function unknown(publish: Promise<unknown>): Promise<Attempt> {
  const error = await publish.then(() => undefined, (reason: unknown) => reason); // prettier-ignore
  expect(error).toBeInstanceOf(OutcomeUnknown);
  expect(error).toMatchObject({ code: 'outcome_unknown', status: 503, retryAfterS: 1 });
  return (error as OutcomeUnknown).attempt;
}

describe.skipIf(!HAS_REDIS_SERVER)('a publish whose answer is lost', () => {
  it('is answered as accepted, with its ids, when it was accepted', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.loseAnswers();
    const publish = node.broker.publish([event('1'), event('2')]);
    await other.recorder.count(2);
    proxy.cut();
    expect(await publish).toEqual(await logged(world));
    expect(node.broker.brokerStats).toMatchObject({ published: 2, trouble: undefined });
  });

  it('is answered as refused when it was not accepted, and stays without effect though the command arrives late', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.hold();
    const publish = node.broker.publish([event('late')]);
    const settled = publish.catch((error: unknown) => error);
    proxy.cut();
    expect(await settled).toMatchObject({ code: 'unavailable' });
    await proxy.release();
    await other.broker.publish([event('next')]);
    await node.recorder.key('next');
    expect(node.recorder.keys).toEqual(['next']);
    expect(await logged(world)).toHaveLength(1);
    expect(node.broker.brokerStats.refused.get('timeout')).toBe(1);
  });

  it('is answered as accepted under an idempotency key of its publisher as well', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.loseAnswers();
    const publish = node.broker.publish([event('1')], once('mine'));
    await other.recorder.count(1);
    proxy.cut();
    expect(await publish).toEqual(await logged(world));
    expect(await other.broker.publish([event('1')], once('mine'))).toEqual(await logged(world));
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a publish whose outcome nobody can tell', () => {
  it('is answered by any node with its first ids when it had been accepted', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.hold();
    const repeats = await unknown(node.broker.publish([event('1')]));
    await proxy.release();
    const [{ id } = {}] = await other.recorder.count(1);
    await expect.poll(() => node.broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
    for (const { broker } of [other, node])
      expect(await broker.publish([event('1')], { ...once('by the hub'), repeats })).toEqual([id]);
    expect(await logged(world)).toEqual([id]);
    expect(node.broker.brokerStats.refused.get('unknown')).toBe(1);
  });

  it('is published once by its repetitions when it had not been accepted, though the first command arrives after them', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.hold();
    const repeats = await unknown(node.broker.publish([event('1')]));
    const repeat = () => other.broker.publish([event('1')], { ...once('by the hub'), repeats });
    const answers = await Promise.all([repeat(), repeat(), repeat()]);
    await proxy.release();
    await other.broker.publish([event('end')]);
    await node.recorder.key('end');
    expect(node.recorder.keys).toEqual(['1', 'end']);
    expect(new Set(answers.flat())).toEqual(new Set((await logged(world)).slice(0, 1)));
  });

  it('stays unknown, and is not published, once Redis has forgotten the attempts of that node', async () => {
    const { world, other } = await twoNodes();
    const repeats = { boot: 'of-nobody', number: 1, at: Date.now() };
    expect(await unknown(other.broker.publish([event('1')], { ...once('k'), repeats }))).toEqual(repeats);
    expect(await logged(world)).toEqual([]);
  });

  it('under an idempotency key of the publisher is published once with its repetitions', async () => {
    const { world, proxy, node, other } = await twoNodes();
    proxy.hold();
    await unknown(node.broker.publish([event('1')], once('mine')));
    const ids = await other.broker.publish([event('1')], once('mine'));
    await proxy.release();
    await other.broker.publish([event('end')]);
    await node.recorder.key('end');
    expect((await logged(world)).slice(0, 1)).toEqual(ids);
    expect(node.recorder.keys).toEqual(['1', 'end']);
  });
});

describe('the attempts of one node', () => {
  it('take one key in Redis, with a bounded number of entries', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start();
    for (let i = 0; i < 10; i++)
      await Promise.all(Array.from({ length: 50 }, () => broker.publish([event('x')])));
    const keys = await world.redis.keys(`{${world.prefix}}:*`);
    // The other keys of the nodes: far fewer than the attempts.
    expect(keys.length).toBeLessThan(30);
    const [outcomes = '', ...others] = keys.filter((key) => /:(?:outcomes|once):/.test(key));
    expect(others).toEqual([]);
    expect(await world.redis.pttl(outcomes)).toBeGreaterThan(0);
    expect(await world.redis.xlen(outcomes)).toBeLessThanOrEqual(16_384 + 100);
  });

  it('leave nothing behind when they are refused', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start();
    await broker.publish([event('1')]);
    const [outcomes = ''] = await world.redis.keys(`{${world.prefix}}:outcomes:*`);
    const noted = await world.redis.xlen(outcomes);
    await world.redis.xadd(world.log, '18446744073709551615-18446744073709551615', 'x', 'y');
    await expect(broker.publish([event('2')])).rejects.toMatchObject({ code: 'unavailable' });
    expect(await world.redis.xlen(outcomes)).toBe(noted);
  });
});
