import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { redisKeys, type RedisKeys } from '../../src/broker/redis-keys.ts';
import { RetainedEviction } from '../../src/broker/redis-retained-eviction.ts';
import { commandScripts } from '../../src/broker/redis-scripts.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { DEFAULT_RETENTION, Retention } from '../../src/model/retention.ts';
import { ManualClock } from '../support/clock.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';

const MIB = 1_048_576;
const retention = new Retention(DEFAULT_RETENTION);

let world: RedisWorld;
let names: RedisKeys;

beforeEach(() => {
  world = new RedisWorld();
  names = redisKeys(world.prefix);
});

/** A node that never checks by itself. */
const node = (): Promise<StartedNode> => world.start({ retention, clock: new ManualClock() });

/** The check that a node runs every five seconds, run by the test. */
async function checker(
  maxRetainedBytes = MIB,
): Promise<{ check: RetainedEviction; log: Record<string, unknown>[] }> {
  const log: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) });
  const bounds = { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 };
  const connection = new RedisConnection({
    url: world.url,
    prefix: world.prefix,
    role: 'commands',
    commandTimeoutMs: 5_000,
    scripts: commandScripts({ bounds, maxEventBytes: MIB, retention }),
    log: logger,
  });
  await connection.open(5_000);
  onTestFinished(() => connection.close());
  return { check: new RetainedEviction(connection, names, { log: logger, maxRetainedBytes }), log };
}

const of = (type: string, action: string, key: number | string, kib = 10): NewEvent => ({
  type,
  action,
  key: `${key}`,
  object: { text: 'x'.repeat(kib * 1_024) },
});

const many = (count: number, make: (i: number) => NewEvent): NewEvent[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** The memory of all tails, as Redis reports it. */
async function memory(): Promise<number> {
  let sum = 0;
  for (const key of await world.redis.keys(`{${world.prefix}}:tail:*`))
    sum += Number(await world.redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0));
  return sum;
}

const held = async (): Promise<Record<string, string>> => world.redis.hgetall(names.held);

describe('what Redis retains', () => {
  it('stays within its byte limit: the tails that were written to least recently are evicted and counted', async () => {
    const { broker } = await node();
    const { check, log } = await checker();
    await broker.publish([of('container', 'status', 'first'), of('container', 'status', 'old')]);
    // Writes of one millisecond have no order.
    const began = await world.now();
    await expect.poll(() => world.now(), { interval: 1 }).toBeGreaterThan(began + 1);
    await broker.publish(many(150, (i) => of('container', 'status', i)));
    await broker.publish([of('container', 'status', 'first')]);
    await check.run();
    expect(await memory()).toBeLessThanOrEqual(MIB);
    expect(check.held).toBe(await memory());
    expect(check.held).toBeGreaterThan(0.9 * MIB);
    const { events } = await broker.latest('container');
    const left = events.map(({ key }) => key);
    expect(left).toContain('first');
    expect(left).not.toContain('old');
    expect(check.gone).toBe(152 - left.length);
    expect(log).toMatchObject([{ level: 40, gone: check.gone, maxBytes: MIB }]);
    expect(await world.redis.zcard(`{${world.prefix}}:tails:container`)).toBe(left.length);
    expect(await world.redis.zcard(`{${world.prefix}}:ends`)).toBe(left.length);
    expect(await world.redis.zcard(names.written)).toBe(left.length);
    await check.run();
    expect([check.gone, log.length]).toEqual([152 - left.length, 1]);
  });

  it('evicts latest values as well, and stops measuring those that were removed', async () => {
    const { broker } = await node();
    const { check } = await checker();
    for (let i = 0; i < 150; i++) await broker.publish([of('cluster', 'updated', `a:${i}`)]);
    await check.run();
    const { events } = await broker.latest('cluster');
    const bytes = (await world.redis.hvals(names.latest('cluster'))).reduce(
      (sum, { length }) => sum + length,
      0,
    );
    const changed = await world.redis.hstrlen(names.changed, 'cluster');
    expect(check.held).toBe(bytes + changed);
    expect(check.held).toBeLessThanOrEqual(MIB);
    expect(check.held).toBeGreaterThan(0.9 * MIB);
    expect(events.map(({ key }) => key)).toContain('a:149');
    expect(check.gone).toBe(150 - events.length);
    for (const { key } of events) await broker.publish([{ ...of('cluster', 'deleted', key), object: null }]);
    await check.run();
    expect(Object.keys(await held()).toSorted()).toEqual(['@bytes', '@upto', 'changed:cluster']);
    // The last change of the type is evicted in its turn.
    await broker.publish(many(150, (i) => of('container', 'status', i)));
    await check.run();
    expect(await world.redis.exists(names.changed)).toBe(0);
  });

  it('cuts a tail that takes more than half of the bytes to its newer half', async () => {
    const { broker } = await node();
    const { check } = await checker();
    await broker.publish([of('container', 'status', 'web')]);
    for (let i = 0; i < 15; i++)
      await broker.publish(many(10, (n) => of('deployment', 'log', 'big', n === 0 ? 11 : 10)));
    await check.run();
    const lines = await world.redis.xrange(names.tail('deployment', 'log', 'big'), '-', '+');
    expect(lines.length).toBe(37);
    expect(lines.at(-1)?.[0]).toBe((await world.redis.get(names.last))?.split(' ')[0]);
    expect((await broker.latest('container')).total).toBe(1);
    expect(check.gone).toBe(2);
  });

  it('is measured correctly when a tail expires, is deleted by hand, or the counters are deleted', async () => {
    const { broker } = await node();
    const { check } = await checker();
    await broker.publish(many(60, (i) => of('container', i < 30 ? 'status' : 'log', i)));
    await broker.publish([of('container', 'log', 'later')]);
    await check.run();
    const all = check.held;
    expect(all).toBe(await memory());
    await world.redis.del(names.held);
    await check.run();
    expect(check.held).toBe(all);
    const later = names.tail('container', 'log', 'later');
    const tails = await world.redis.keys(`{${world.prefix}}:tail:*`);
    const [first = '', ...others] = tails.filter((name) => name !== later);
    await world.redis.del(first);
    // Each check also measures some at random.
    for (let i = 0; i < 50; i++) await check.run();
    expect(check.held).toBe(await memory());
    await world.redis.del(others);
    const ends = `{${world.prefix}}:ends`;
    for (const name of await world.redis.zrange(ends, '0', '-1')) await world.redis.zadd(ends, 1, name);
    await check.run();
    expect([check.held, check.gone]).toEqual([await memory(), 0]);
    expect(await world.redis.zcard(names.written)).toBe(1);
    expect(await world.redis.zcard(`{${world.prefix}}:tails:container`)).toBe(1);
    expect(await world.redis.zrange(ends, '0', '-1')).toEqual(['container.log:later']);
  });

  it('is measured correctly when the log began anew with earlier ids', async () => {
    const { broker } = await node();
    const { check } = await checker();
    await world.redis.hset(names.held, '@upto', (await world.now()) + 3_600_000);
    await broker.publish(many(60, (i) => of('container', 'log', i)));
    await check.run();
    expect(check.held).toBe(await memory());
    expect(check.held).toBeGreaterThan(600_000);
  });

  it('is measured completely when one publish writes more than one check reads, and when several nodes check', async () => {
    await node();
    const checkers = await Promise.all([16, 16, 16].map((mib) => checker(mib * MIB)));
    const line = (key: number): string => JSON.stringify({ type: 'container', action: 'log', key: `${key}` });
    await world.fcall(...Array.from({ length: 1_700 }, (_, i) => line(i)));
    await Promise.all(checkers.map(({ check }) => check.run()));
    await checkers[0]?.check.run();
    expect(checkers[0]?.check.held).toBe(await memory());
    expect(Object.keys(await held())).toHaveLength(1_702);
  });

  it('is bounded by a running node, which counts what it evicted', async () => {
    const clock = new ManualClock();
    const { broker } = await world.start({ retention, clock, maxRetainedBytes: MIB });
    await broker.publish(many(150, (i) => of('container', 'status', i)));
    clock.advance(5_000);
    await expect.poll(() => broker.brokerStats.retainedGone).toBeGreaterThan(40);
    expect(broker.brokerStats.heldBytes.retained).toBeLessThanOrEqual(MIB);
  });
});

it('expires for every tail of the built-in rules', async () => {
  expect(DEFAULT_RETENTION.filter(({ ttlMs, latest }) => ttlMs === undefined && latest !== true)).toEqual([]);
  const { broker } = await node();
  const kinds = [
    'container.log',
    'container.status',
    'container.stats',
    'deployment.status',
    'deployment.log',
  ];
  for (const kind of [...kinds, 'system.log', 'metrics.sample']) {
    const [type = '', action = ''] = kind.split('.');
    await broker.publish([of(type, action, 'x')]);
    expect(await world.redis.pttl(names.tail(type, action, 'x'))).toBeGreaterThan(86_300_000);
  }
});
