import { describe, expect, it } from 'vitest';
import type { Broker, History } from '../../src/broker/broker.ts';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { systemClock } from '../../src/model/clock.ts';
import { START } from '../../src/model/cursor.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { startNode } from '../support/node.ts';
import { all, event } from './contract.ts';
import { Recorder } from './recorder.ts';
import { RedisWorld } from './redis-world.ts';

const MIB = 1_048_576;
const bounds = { maxEvents: 100_000, maxBytes: MIB, maxAgeMs: 86_400_000 };
/** An event of a little more than this many KiB. */
const large = (key: string, kib: number): NewEvent => ({ ...event(key), object: 'x'.repeat(kib * 1_024) });
const list = (count: number, kib: number): NewEvent[] =>
  Array.from({ length: count }, (_, i) => large(String(i), kib));

/** The bytes of the events that the log still holds. */
async function held(broker: History): Promise<number> {
  return (await all(broker.after(START))).reduce((sum, { size }) => sum + size, 0);
}

type Start = (maxBytes?: number) => Promise<Broker & History>;

const inMemory: Start = async (maxBytes = MIB) => {
  const broker = new MemoryBroker({ clock: systemClock, bounds: { ...bounds, maxBytes } });
  await broker.start(new Recorder().hear);
  return broker;
};

const inRedis: Start = async (maxBytes = MIB) =>
  (await new RedisWorld().start({ bounds: { ...bounds, maxBytes } })).broker;

describe.each([
  ['memory', inMemory],
  ['redis', inRedis],
])('the log of the %s broker', (_name, start) => {
  it('never exceeds its byte limit, and stays nearly full once it was full', async () => {
    const broker = await start();
    let [most, least] = [0, Infinity];
    for (let i = 0; i < 300; i++) {
      await broker.publish([large(String(i), (i * 7) % 20)]);
      if (i % 10 !== 9) continue;
      const bytes = await held(broker);
      most = Math.max(most, bytes);
      expect(bytes).toBeLessThanOrEqual(MIB);
      if (most > 0.95 * MIB) least = Math.min(least, bytes);
    }
    expect(most).toBeGreaterThan(0.95 * MIB);
    expect(least).toBeGreaterThan(0.93 * MIB);
    expect(least).toBeLessThan(MIB);
  });

  it('keeps the end of a published list that is larger than the whole log', async () => {
    const broker = await start();
    await broker.publish(list(200, 10));
    const kept = (await all(broker.after(START))).map(({ key }) => Number(key));
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i));
    expect(await held(broker)).toBeLessThanOrEqual(MIB);
    expect(await held(broker)).toBeGreaterThan(0.93 * MIB);
  });

  it('keeps the newest event, however large it is', async () => {
    const broker = await start(10);
    for (const key of ['1', '2']) await broker.publish([large(key, 1)]);
    expect((await all(broker.after(START))).map(({ key }) => key)).toEqual(['2']);
  });

  it('shows a reader that resumes from a trimmed position that something is missing', async () => {
    const broker = await start();
    const [first = ''] = await broker.publish([event('first')]);
    const [second = ''] = await broker.publish([event('second')]);
    const before = await broker.page(first);
    expect(before.events[0]?.previous).toBe(first);
    await broker.publish(list(200, 10));
    const { events } = await broker.page(second);
    expect(events[0]?.previous).not.toBe(second);
  });
});

it.each([{}, { redis: true }])(
  'tells a client of the gap after trimming by bytes, with %o',
  async ({ redis }) => {
    const world = new RedisWorld();
    const shared = redis === true ? { BELFRY_REDIS_URL: world.url, BELFRY_PREFIX: world.prefix } : {};
    const node = await startNode({ BELFRY_LOG_MAX_BYTES: String(MIB), ...shared });
    const headers = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
    const post = async (events: readonly NewEvent[]): Promise<string> => {
      const request = { method: 'POST', headers, body: JSON.stringify(events) };
      const response = await fetch(`${node.url}/api/v3/events`, request);
      expect(response.status).toBe(204);
      return response.headers.get('belfry-event-ids')?.split(',')[0] ?? '';
    };
    const from = await post([event('first')]);
    for (let i = 0; i < 4; i++) await post(list(60, 10));
    const answer = await fetch(`${node.url}/api/v3/events?since=${from}`, { headers });
    expect(await answer.json()).toMatchObject({ gap: { from, reason: 'trimmed' } });
  },
);

describe('the byte limit of a log in Redis', () => {
  const fill = async (broker: Broker): Promise<void> => void (await broker.publish(list(150, 10)));

  const marks = ({ log }: RedisWorld): string => `${log}:marks`;

  /** Changes what stands after the id of the last entry: how many bytes were ever appended. */
  const countFrom = async ({ redis, last }: RedisWorld, bytes: string): Promise<unknown> => {
    const [id = '0-0'] = (await redis.get(last))?.split(' ') ?? [];
    return redis.set(last, `${id}${bytes}`);
  };

  it.each([
    ['its counter', (world: RedisWorld) => countFrom(world, '')],
    ['an invalid counter', (world: RedisWorld) => countFrom(world, ' x')],
    ['its marks', (world: RedisWorld) => world.redis.del(`${world.log}:marks`)],
    ['invalid marks', (world: RedisWorld) => world.redis.set(`${world.log}:marks`, 'x')],
    ['the log', (world: RedisWorld) => world.redis.del(world.log)],
    ['the end of the log', (world: RedisWorld) => world.redis.xtrim(world.log, 'MAXLEN', 3)],
    ['all of it', (world: RedisWorld) => world.redis.del(world.log, world.last)],
  ])('are bounded again soon after an operator touched %s', async (_what, touch) => {
    const world = new RedisWorld();
    const { broker } = await world.start({ bounds });
    await countFrom(world, ' 1000000000000');
    await fill(broker);
    await touch(world);
    for (let i = 0; i < 3; i++) await fill(broker);
    expect(await held(broker)).toBeLessThanOrEqual(MIB);
    expect(await held(broker)).toBeGreaterThan(0.93 * MIB);
    expect(await world.redis.zcard(marks(world))).toBeLessThanOrEqual(64);
  });

  it('holds when services append by hand and by the function', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start({ bounds });
    for (let i = 0; i < 100; i++) {
      await world.redis.xadd(world.log, '*', 'e', JSON.stringify(large('by hand', 1)));
      for (let n = 0; n < 2; n++) await world.fcall(JSON.stringify(large('by the function', 10)));
    }
    expect(await held(broker)).toBeLessThan(1.1 * MIB);
    expect(await world.redis.zcard(marks(world))).toBeLessThanOrEqual(64);
  });

  it('holds for a log that began anew with earlier ids', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start({ bounds });
    await fill(broker);
    const inAnHour = (await world.now()) + 3_600_000;
    for (const id of await world.redis.zrange(marks(world), '0', '-1')) {
      const before = (await world.redis.zscore(marks(world), id)) ?? '';
      await world.redis.zrem(marks(world), id);
      await world.redis.zadd(marks(world), before, `${inAnHour}-${before}`);
    }
    await broker.publish(list(10, 10));
    expect(await held(broker)).toBeGreaterThan(0.93 * MIB);
    for (let i = 0; i < 2; i++) await fill(broker);
    expect(await held(broker)).toBeLessThanOrEqual(MIB);
  });

  it('does not apply under the rules of an older node, which state none', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start({ bounds });
    const rules = JSON.parse((await world.redis.hget(`{${world.prefix}}:rules`, 'rules')) ?? '') as {
      limits: { log_bytes?: number };
    };
    delete rules.limits.log_bytes;
    await world.redis.hset(`{${world.prefix}}:rules`, { rules: JSON.stringify(rules), digest: world.prefix });
    for (let i = 0; i < 150; i++) await world.fcall(JSON.stringify(large('x', 10)));
    expect(await world.redis.xlen(world.log)).toBe(150);
    await fill(broker);
    expect(await world.redis.xlen(world.log)).toBeLessThan(300);
  });
});
