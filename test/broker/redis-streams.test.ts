import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { redisNames, type RedisNames } from '../../src/broker/redis-log.ts';
import { commandScripts } from '../../src/broker/redis-scripts.ts';
import { StreamCheck } from '../../src/broker/redis-streams.ts';
import { Retention } from '../../src/model/retention.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';

const HIGHEST = '18446744073709551615-18446744073709551615';
const LIMITS = {
  bounds: { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 },
  maxEventBytes: 1_048_576,
};

const event = (key: number | string): string =>
  JSON.stringify({ type: 'profiles', action: 'save', key: `${key}`, object: {} });

let world: RedisWorld;
let names: RedisNames;

beforeEach(() => {
  world = new RedisWorld();
  names = redisNames(world.prefix);
});

interface Checker {
  readonly check: StreamCheck;
  readonly log: Record<string, unknown>[];
}

/** What a node does each five seconds, by hand. */
async function checker(maxInboxBytes = 268_435_456): Promise<Checker> {
  const log: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) });
  const connection = new RedisConnection({
    url: world.url,
    prefix: world.prefix,
    role: 'commands',
    commandTimeoutMs: 5_000,
    scripts: commandScripts({ ...LIMITS, retention: Retention.none }),
    log: logger,
  });
  await connection.open(5_000);
  onTestFinished(() => connection.close());
  return { check: new StreamCheck(connection, names, { log: logger, maxInboxBytes }), log };
}

const add = (key: number | string, id = '*'): Promise<string | null> =>
  world.redis.xadd(names.inbox, id, 'event', event(key));

/** The keys of the events that an ear heard, once there are so many. */
async function heard({ ear }: StartedNode, count: number): Promise<string[]> {
  await ear.count(count, 10_000);
  return ear.events.map(({ key }) => key);
}

const group = (): Promise<unknown> => world.redis.xgroup('CREATE', names.inbox, 'belfry', '0', 'MKSTREAM');

describe('the inbox', () => {
  it('drops what has waited longest where it takes more memory than it may, and tells how much that was', async () => {
    const MIB = 1_048_576;
    const { check, log } = await checker(MIB);
    await group();
    await check.run();
    const pipeline = world.redis.pipeline();
    for (let i = 0; i < 800; i++) {
      const object = 'x'.repeat(i < 600 ? 10 : 20_000);
      const text = JSON.stringify({ type: 'a', action: 'b', key: `${i}`, object });
      pipeline.xadd(names.inbox, '*', 'event', text);
    }
    await pipeline.exec();
    await check.run();
    const left = await world.redis.xlen(names.inbox);
    const memory = Number(await world.redis.call('MEMORY', 'USAGE', names.inbox, 'SAMPLES', 0));
    expect(memory).toBeLessThanOrEqual(MIB);
    expect(left).toBeGreaterThan(25);
    expect([check.gone, check.held.inbox]).toEqual([800 - left, memory]);
    expect(log).toMatchObject([{ level: 50, stream: names.inbox, trimmed: 800 - left, maxBytes: MIB }]);
    await check.run();
    expect([check.gone, log.length]).toEqual([800 - left, 1]);
    const keys = await heard(await world.start(), left);
    expect(keys).toEqual(Array.from({ length: left }, (_, i) => `${800 - left + i}`));
    await check.run();
    expect([check.gone, check.held.inbox < 10_000]).toEqual([800 - left, true]);
  });

  it.each([
    ['the highest id that there is', HIGHEST],
    ['an id of the year 287,396', '9007199254740993-0'],
    ['an id ten minutes ahead', `${Date.now() + 600_000}-0`],
  ])(
    'takes everything again after an entry with %s, and each enters the log once, in order',
    async (_what, id) => {
      const { check, log } = await checker();
      const node = await world.start();
      await add('before');
      await add('ahead', id);
      expect(await heard(node, 2)).toEqual(['before', 'ahead']);
      await check.run();
      const after = await add('after');
      expect(Math.abs(Number.parseInt(after ?? '', 10) - Date.now())).toBeLessThan(60_000);
      expect(await heard(node, 3)).toEqual(['before', 'ahead', 'after']);
      expect(check.mended).toBe(1);
      expect(log).toMatchObject([
        { level: 50, stream: names.inbox, msg: expect.stringContaining('expected `XADD') as string },
      ]);
      await check.run();
      expect([check.mended, check.gone]).toEqual([1, 0]);
    },
  );

  it('gives what waits behind such an entry to the nodes, and what one of them held, once each and in order', async () => {
    await group();
    for (const key of [1, 2, 3]) await add(key);
    await add('ahead', HIGHEST);
    // A node that took two and is never heard of again, and one that took the others.
    for (const [consumer, count] of [
      ['crashed', 2],
      ['slow', 2],
    ] as const)
      await world.redis.xreadgroup('GROUP', 'belfry', consumer, 'COUNT', count, 'STREAMS', names.inbox, '>');
    const checkers = await Promise.all([checker(), checker(), checker()]);
    await Promise.all(checkers.map(({ check }) => check.run()));
    expect(checkers.map(({ check }) => check.mended).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
    await add(4);
    const node = await world.start({ claimAfterMs: 100 });
    expect(await heard(node, 5)).toEqual(['1', '2', '3', 'ahead', '4']);
    expect(await world.redis.xlen(names.inbox)).toBe(0);
  });

  it('survives an entry of 9,000 fields under the highest id, which is dead as any other of such a form', async () => {
    const fields = Array.from({ length: 9_000 }, (_, i) => [`f${i}`, 'x']).flat();
    await group();
    await world.redis.xadd(names.inbox, HIGHEST, ...fields);
    const { check } = await checker();
    await check.run();
    await add('after');
    const node = await world.start();
    expect(await heard(node, 1)).toEqual(['after']);
    await expect.poll(() => world.redis.xlen(names.dead)).toBe(1);
  });

  it.each([
    [
      'trimmed by XADD MAXLEN 0',
      () => world.redis.xadd(names.inbox, 'MAXLEN', 0, '*', 'event', event('last')),
      4,
    ],
    [
      'trimmed by XADD MAXLEN 1',
      () => world.redis.xadd(names.inbox, 'MAXLEN', 1, '*', 'event', event('last')),
      3,
    ],
    [
      'deleted by hand',
      async () =>
        world.redis.xdel(names.inbox, ...(await world.redis.xrange(names.inbox, '-', '+')).map(([id]) => id)),
      3,
    ],
  ])('tells how many entries were %s before a node had read them', async (_how, take, gone) => {
    const { check, log } = await checker();
    await group();
    for (const key of [1, 2, 3]) await add(key);
    await check.run();
    await take();
    await check.run();
    await check.run();
    expect(check.gone).toBe(gone);
    expect(log).toMatchObject([{ level: 50, stream: names.inbox, gone }]);
  });

  it('tells of nothing that nodes have moved into the log, or to the dead', async () => {
    const { check, log } = await checker();
    const node = await world.start();
    await check.run();
    for (let key = 0; key < 300; key++) await add(key);
    await world.redis.xadd(names.inbox, '*', 'event', 'no event');
    await heard(node, 300);
    await expect.poll(() => world.redis.xlen(names.inbox)).toBe(0);
    await check.run();
    expect([check.gone, check.mended, log]).toEqual([0, 0, []]);
  });

  it('tells of nothing after it was deleted as a whole and made again', async () => {
    const { check } = await checker();
    const node = await world.start();
    await check.run();
    for (let key = 0; key < 5; key++) await add(key);
    await heard(node, 5);
    await expect.poll(() => world.redis.xlen(names.inbox)).toBe(0);
    await world.redis.del(names.inbox);
    await add('after');
    expect((await heard(node, 6)).at(-1)).toBe('after');
    await check.run();
    expect(check.gone).toBe(0);
  });
});

describe('a running node', () => {
  it('sets the ids of its inbox and its log right by itself', async () => {
    const node = await world.start();
    await add('ahead', HIGHEST);
    await world.redis.xadd(names.log, HIGHEST, 'e', event('far'));
    const isMended = async (): Promise<boolean> => {
      const added = await Promise.allSettled([
        add('after'),
        node.broker.publish([{ type: 'a', action: 'b', key: 'published', object: {} }]),
      ]);
      return added.every(({ status }) => status === 'fulfilled');
    };
    await expect.poll(isMended, { interval: 200 }).toBe(true);
    expect(node.broker.flow.streamsMended).toBe(2);
    await expect
      .poll(() => node.ear.events.map(({ key }) => key))
      .toEqual(expect.arrayContaining(['ahead', 'far', 'after', 'published']));
  });
});

describe('the log', () => {
  it('tells how many bytes it has, to a 64th of what it may have', async () => {
    const { check } = await checker();
    const { broker } = await world.start({ bounds: { ...LIMITS.bounds, maxBytes: 1_048_576 } });
    const large = { type: 'a', action: 'b', key: 'c', object: 'x'.repeat(10_000) };
    await check.run();
    expect(check.held.log).toBe(0);
    for (let i = 0; i < 4; i++) {
      await broker.publish(Array.from({ length: 40 }, () => large));
      await world.redis.xtrim(names.log, 'MAXLEN', 90);
      const kept = (await world.redis.xrange(names.log, '-', '+')).map(([, [, , , json = '']]) => json);
      const bytes = kept.reduce((sum, json) => sum + json.length, 0);
      await check.run();
      expect(check.held.log).toBeGreaterThanOrEqual(bytes);
      expect(check.held.log).toBeLessThan(bytes + 1_048_576 / 64 + 10_200);
    }
    await world.redis.del(`${names.log}:marks`);
    await world.redis.set(`${names.log}:bytes`, 1_000_000_000_000);
    await check.run();
    expect(check.held.log).toBeLessThanOrEqual(LIMITS.bounds.maxBytes);
  });

  it('takes publishes again after an entry with the highest id, which is published under an id of now', async () => {
    const { check, log } = await checker();
    const node = await world.start();
    await node.broker.publish([{ type: 'a', action: 'b', key: 'before', object: {} }]);
    await world.redis.xadd(names.log, HIGHEST, 'e', event('ahead'));
    await expect(
      node.broker.publish([{ type: 'a', action: 'b', key: 'refused', object: {} }]),
    ).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    await check.run();
    const [id = ''] = await node.broker.publish([{ type: 'a', action: 'b', key: 'after', object: {} }]);
    expect(Math.abs(Number.parseInt(id, 10) - Date.now())).toBeLessThan(60_000);
    expect(await heard(node, 3)).toEqual(['before', 'ahead', 'after']);
    expect([check.mended, log.length]).toEqual([1, 1]);
  });
});
