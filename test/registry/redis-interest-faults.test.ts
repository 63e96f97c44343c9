import { describe, expect, it } from 'vitest';
import { BelfryError } from '../../src/model/errors.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { topics } from './contract.ts';
import { RedisInterestWorld, type InterestNode } from './redis-interest-world.ts';

/** Longer than any test takes. */
const LONG_MS = 60_000;

const told = ({ recorder }: RedisInterestWorld): string[] => topics(recorder.events);

async function until(world: RedisInterestWorld, ...events: readonly string[]): Promise<void> {
  await expect.poll(() => told(world), { timeout: 10_000 }).toEqual(events);
}

/** What Redis says about the topics: on how many nodes somebody listens to each. */
async function counts(world: RedisInterestWorld): Promise<Record<string, string>> {
  const { redis, prefix } = world.nodes.world;
  return redis.hgetall(`{${prefix}}:interest`);
}

/** Waits until every node has confirmed what it listens to, twice, so that what was due is told. */
async function confirmed(world: RedisInterestWorld): Promise<void> {
  const { redis, prefix } = world.nodes.world;
  const read = async () => JSON.stringify((await redis.hvals(`{${prefix}}:interest:confirmed`)).toSorted());
  for (let i = 0; i < 3; i++) {
    const before = await read();
    await expect.poll(read, { timeout: 5_000 }).not.toBe(before);
  }
}

/** Loses the answer of Redis after a command was done, or the command itself. */
function deafen({ connection }: InterestNode, isDone: boolean): () => void {
  const ask = connection.ask.bind(connection);
  connection.ask = async (run) => {
    if (isDone) await ask(run);
    throw new BelfryError('unavailable', 'The answer was lost.');
  };
  return () => void (connection.ask = ask);
}

describe('interest of several nodes in one topic', () => {
  it('is told once, though they begin and end in the same instant', async () => {
    const world = await RedisInterestWorld.make();
    const nodes = await Promise.all(['one', 'two', 'three'].map((name) => world.start({ name })));
    for (const { interest } of nodes) interest.set('a.b.1', true);
    await expect.poll(() => counts(world)).toEqual({ 'a.b.1': '3' });
    for (const { interest } of nodes) interest.set('a.b.1', false);
    await until(world, 'interest.begin.a.b.1', 'interest.end.a.b.1');
    await confirmed(world);
    expect(told(world)).toHaveLength(2);
    expect(await counts(world)).toEqual({});
  });

  it('goes from one node to another without an event', async () => {
    const world = await RedisInterestWorld.make();
    const [one, two] = [await world.start({ name: 'one' }), await world.start({ name: 'two' })];
    one.interest.set('a.b.1', true);
    await until(world, 'interest.begin.a.b.1');
    await one.interest.stop();
    await expect.poll(() => counts(world)).toEqual({ 'a.b.1': '0' });
    two.interest.set('a.b.1', true);
    await expect.poll(() => counts(world)).toEqual({ 'a.b.1': '1' });
    two.interest.set('a.b.2', true);
    two.interest.set('a.b.2', false);
    two.interest.set('a.b.3', true);
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.3');
  });
});

describe('interest of a node that is killed', () => {
  it('ends once the node is lost and the hold is over, and is told by one of the others', async () => {
    const world = await RedisInterestWorld.make();
    const nodes = await Promise.all(['one', 'two', 'three'].map((name) => world.start({ name })));
    const [one, , lost] = nodes;
    lost!.interest.set('a.b.lost', true);
    await until(world, 'interest.begin.a.b.lost');
    lost!.interest.set('a.b.shared', true);
    one!.interest.set('a.b.shared', true);
    await expect.poll(() => counts(world)).toEqual({ 'a.b.lost': '1', 'a.b.shared': '2' });
    await lost!.kill();
    await until(world, 'interest.begin.a.b.lost', 'interest.begin.a.b.shared', 'interest.end.a.b.lost');
    expect(await counts(world)).toEqual({ 'a.b.shared': '1' });
  });

  it('goes on if the node was only taken for lost, and is back within the hold', async () => {
    const world = await RedisInterestWorld.make();
    const limits = { holdMs: 3_000 };
    const [, away] = [await world.start({ name: 'one', limits }), await world.start({ name: 'two', limits })];
    away.interest.set('a.b.1', true);
    await until(world, 'interest.begin.a.b.1');
    away.pause();
    await expect.poll(() => counts(world), { timeout: 10_000 }).toEqual({ 'a.b.1': '0' });
    away.goOn();
    await expect.poll(() => counts(world)).toEqual({ 'a.b.1': '1' });
    away.interest.set('a.b.2', true);
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.2');
  });
});

describe('interest while a node is cut off', () => {
  it('does not end before the node has said what its clients listen to', async () => {
    const world = await RedisInterestWorld.make();
    const [one, two] = [
      await world.start({ name: 'one', leaseMs: LONG_MS }),
      await world.start({ name: 'two', leaseMs: LONG_MS }),
    ];
    one.interest.set('a.b.1', true);
    one.interest.set('a.b.2', true);
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.2');
    two.pause();
    two.interest.set('a.b.1', true);
    one.interest.set('a.b.1', false);
    one.interest.set('a.b.2', false);
    const { redis, prefix } = world.nodes.world;
    const due = async () => (await redis.zrange(`{${prefix}}:interest:held`, '0', '-1', 'WITHSCORES'))[1];
    await expect.poll(async () => Number(await due()) < Date.now() - 500, { timeout: 5_000 }).toBe(true);
    expect(told(world)).toHaveLength(2);
    two.goOn();
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.2', 'interest.end.a.b.2');
    expect(await counts(world)).toEqual({ 'a.b.1': '1' });
  });
});

describe('interest whose answer from Redis was lost', () => {
  it.each([true, false])('is told once (done by Redis: %s)', async (isDone) => {
    const world = await RedisInterestWorld.make();
    const node = await world.start();
    let hear = deafen(node, isDone);
    node.interest.set('a.b.1', true);
    node.interest.set('a.b.2', true);
    await expect.poll(() => node.interest.stats.untold).toBe(2);
    hear();
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.2');
    await expect.poll(() => node.interest.stats.untold).toBe(0);
    hear = deafen(node, isDone);
    node.interest.set('a.b.1', false);
    await new Promise(setImmediate);
    hear();
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.2', 'interest.end.a.b.1');
    await confirmed(world);
    expect(told(world)).toHaveLength(3);
  });

  it('is corrected where Redis holds another set of the same size', async () => {
    const world = await RedisInterestWorld.make();
    const node = await world.start();
    node.interest.set('a.b.1', true);
    await until(world, 'interest.begin.a.b.1');
    const { redis, prefix } = world.nodes.world;
    const [held = ''] = await redis.keys(`{${prefix}}:interest:node:*`);
    await redis
      .multi()
      .srem(held, 'a.b.1')
      .sadd(held, 'a.b.9')
      .hdel(`{${prefix}}:interest`, 'a.b.1')
      .hset(`{${prefix}}:interest`, 'a.b.9', '1')
      .exec();
    node.connection.renew();
    await until(world, 'interest.begin.a.b.1', 'interest.begin.a.b.1', 'interest.end.a.b.9');
    expect(await counts(world)).toEqual({ 'a.b.1': '1' });
  });

  it('is told after the log could not take it', async () => {
    const world = await RedisInterestWorld.make();
    const node = await world.start();
    const { redis, prefix } = world.nodes.world;
    // With such an id as the last one the log takes nothing more.
    const last = '18446744073709551615-18446744073709551615';
    await redis.rename(`{${prefix}}:log`, `{${prefix}}:log-kept`).catch(() => undefined);
    await redis.xadd(`{${prefix}}:log`, last, 'p', '0-0', 'e', '{}');
    node.interest.set('a.b.1', true);
    await expect.poll(() => node.interest.stats.untold).toBe(1);
    expect(await counts(world)).toEqual({});
    await redis.del(`{${prefix}}:log`);
    await expect.poll(() => counts(world), { timeout: 5_000 }).toEqual({ 'a.b.1': '1' });
    await expect.poll(() => node.interest.stats).toMatchObject({ begun: 1, untold: 0 });
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('interest is right again', () => {
  it('after Redis was away for longer than hold and lease, and no end is told of what somebody listens to', async () => {
    const server = await startRedisServer({ keeps: true });
    const world = await RedisInterestWorld.make(server.url);
    const [one, two] = [await world.start({ name: 'one' }), await world.start({ name: 'two' })];
    for (const key of ['moves', 'stays', 'ends']) one.interest.set(`a.b.${key}`, true);
    await until(world, ...['moves', 'stays', 'ends'].map((key) => `interest.begin.a.b.${key}`));
    await server.stop();
    await expect.poll(() => [one, two].every(({ connection }) => !connection.isReady)).toBe(true);
    two.interest.set('a.b.moves', true);
    one.interest.set('a.b.moves', false);
    one.interest.set('a.b.ends', false);
    two.interest.set('a.b.new', true);
    expect(two.interest.stats).toMatchObject({ topics: 2, untold: 2 });
    const end = performance.now() + 1_500;
    await expect.poll(() => performance.now(), { timeout: 5_000 }).toBeGreaterThan(end);
    await server.restart();
    await expect
      .poll(() => told(world).slice(3).toSorted(), { timeout: 10_000 })
      .toEqual(['interest.begin.a.b.new', 'interest.end.a.b.ends']);
    await confirmed(world);
    expect(told(world)).toHaveLength(5);
    expect(await world.retained()).toEqual(['a.b.moves', 'a.b.new', 'a.b.stays']);
  });

  it('after Redis was emptied: what somebody listens to is told again, since nothing is known of it any more', async () => {
    const world = await RedisInterestWorld.make((await startRedisServer({ keeps: false })).url);
    const [one, two] = [await world.start({ name: 'one' }), await world.start({ name: 'two' })];
    one.interest.set('a.b.1', true);
    two.interest.set('a.b.1', true);
    two.interest.set('a.b.2', true);
    await expect.poll(() => counts(world)).toEqual({ 'a.b.1': '2', 'a.b.2': '1' });
    await world.nodes.world.redis.flushall();
    await expect.poll(() => counts(world), { timeout: 10_000 }).toEqual({ 'a.b.1': '2', 'a.b.2': '1' });
    expect(await world.retained()).toEqual(['a.b.1', 'a.b.2']);
    two.interest.set('a.b.2', false);
    await world.recorder.until(() => told(world).includes('interest.end.a.b.2'), 'the end');
    expect(told(world).filter((topic) => topic.startsWith('interest.end'))).toHaveLength(1);
  });
});
