import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import { controlCommandText, parseControlCommand, type ControlCommand } from '../../src/registry/control.ts';
import { MemoryControl } from '../../src/registry/memory-control.ts';
import { RedisControl } from '../../src/registry/redis-control.ts';
import { Revocations } from '../../src/registry/revocations.ts';
import { ManualClock } from '../support/clock.ts';
import { randomPrefix } from '../support/redis.ts';
import { controlContract, isRevoked, type ControlUnderTest } from './control-contract.ts';

interface RedisControlUnderTest extends ControlUnderTest {
  readonly clock: ManualClock;
  readonly redis: Redis;
  readonly key: string;
  readonly reported: string[];
}

/** Its clock stands still, so that it compares only when a test says so. */
async function onRedis(
  prefix = randomPrefix(),
  clock = new ManualClock(new Date().toISOString()),
): Promise<RedisControlUnderTest> {
  const url = inject('redisUrl');
  const log = pino({ level: 'silent' });
  const [commands, subscriber] = ['registry', 'control'].map(
    (role) => new RedisConnection({ url, prefix, role, commandTimeoutMs: 5_000, log }),
  ) as [RedisConnection, RedisConnection];
  await Promise.all([commands.open(5_000), subscriber.open(5_000)]);
  const reported: string[] = [];
  const report = (source: string, reason: string): void => void reported.push(`${source} ${reason}`);
  const control = new RedisControl({ prefix, commands, subscriber, clock, report, log });
  const handled: ControlCommand[] = [];
  await control.start((command) => void handled.push(command));
  const redis = new Redis(url);
  onTestFinished(async () => {
    await control.stop();
    await Promise.all([commands.close(), subscriber.close()]);
    await redis.del(`{${prefix}}:revoked`);
    redis.disconnect();
  });
  return { control, handled, now: () => clock.now(), clock, redis, key: `{${prefix}}:revoked`, reported };
}

async function inMemory(): Promise<ControlUnderTest> {
  const clock = new ManualClock();
  const control = new MemoryControl(clock);
  const handled: ControlCommand[] = [];
  await control.start((command) => void handled.push(command));
  return { control, handled, now: () => clock.now() };
}

controlContract('memory', inMemory);
controlContract('redis', onRedis);

describe('two controls on one Redis', () => {
  it('receive each other’s commands, and each its own, once', async () => {
    const prefix = randomPrefix();
    const [one, two] = [await onRedis(prefix), await onRedis(prefix)];
    const command: ControlCommand = { kind: 'close', by: 'node', values: ['n1'] };
    await one.control.send(command);
    for (const { handled } of [one, two]) await expect.poll(() => handled).toEqual([command]);
  });

  it('learn at the next comparison what was revoked while they were cut off, and drop revocations that have ended', async () => {
    const { control, clock, redis, key, now, handled } = await onRedis();
    const until = now() + 60_000;
    await redis.zadd(key, until, 'missed', now() - 1, 'ended');
    clock.advance(5_000);
    await expect.poll(() => isRevoked(control, 'missed')).toBe(true);
    expect(handled).toEqual([{ kind: 'revoke', id: 'missed', until }]);
    expect(await redis.zrange(key, '0', '-1')).toEqual(['missed']);
    clock.advance(60_000);
    expect(isRevoked(control, 'missed')).toBe(false);
  });

  it('drop revocations by the clock of Redis, so that a node whose clock is a day ahead ends none for the others', async () => {
    const prefix = randomPrefix();
    const day = 86_400_000;
    const right = await onRedis(prefix);
    const until = right.now() + 60_000;
    await right.control.send({ kind: 'revoke', id: 'a', until });
    const ahead = await onRedis(prefix, new ManualClock(new Date(Date.now() + day).toISOString()));
    await ahead.control.send({ kind: 'revoke', id: 'b', until: until + 2 * day });
    expect(await right.redis.zscore(right.key, 'a')).toBe(String(until));
    expect(isRevoked((await onRedis(prefix)).control, 'a')).toBe(true);
  });

  it('store their revocations again in a Redis that lost them', async () => {
    const { control, clock, redis, key, now } = await onRedis();
    const until = now() + 60_000;
    await redis.zadd(key, until, 'a');
    clock.advance(5_000);
    await expect.poll(() => isRevoked(control, 'a')).toBe(true);
    await redis.del(key);
    clock.advance(5_000);
    await expect.poll(() => redis.zscore(key, 'a')).toBe(String(until));
  });

  it('store what somebody else revoked by the channel alone', async () => {
    const { control, redis, key } = await onRedis();
    const channel = key.replace(/^\{(.*)\}:revoked$/, '$1:control');
    await redis.publish(channel, '{"revoke":"a","until":"2099-01-01T00:00:00+01:00"}');
    await expect.poll(() => redis.zscore(key, 'a')).toBe(String(Date.parse('2098-12-31T23:00:00Z')));
    expect(isRevoked(control, 'a')).toBe(true);
  });

  it('report a message that is not a control command, and go on', async () => {
    const { redis, key, reported, handled } = await onRedis();
    const channel = key.replace(/^\{(.*)\}:revoked$/, '$1:control');
    for (const text of ['', '[]', '{"close":{"id":["a","b"]}}']) await redis.publish(channel, text);
    await expect.poll(() => handled).toEqual([{ kind: 'close', by: 'id', values: ['a', 'b'] }]);
    expect(reported).toEqual(['control json_invalid', 'control command_invalid']);
  });
});

describe('a control command as a message', () => {
  it.each<ControlCommand>([
    { kind: 'close', by: 'address', values: ['[::1]:80'] },
    { kind: 'close', by: 'token', values: ['a'], reason: 'stolen' },
    { kind: 'revoke', id: 'a', until: 4_070_908_800_000 },
    { kind: 'revoke', principal: 'user:ada', before: 1_700_000_000_123, until: 4_070_908_800_000 },
  ])('is read as it was written: %j', (command) => {
    expect(parseControlCommand(controlCommandText(command))).toEqual(command);
  });

  it.each([
    '{"close":{"id":[]}}',
    '{"close":{"id":1}}',
    '{"close":{"id":"a"},"reason":1}',
    '{"close":{"id":"a"},"revoke":"b","until":"2099-01-01T00:00:00Z"}',
    JSON.stringify({ close: { id: Array.from({ length: 501 }, (_, i) => `${i}`) } }),
    JSON.stringify({ close: { id: 'a' }, reason: 'x'.repeat(201) }),
    '{"revoke":"a","until":"2099-01-01T00:00:00+24:00"}',
  ])('is refused as %s', (text) => {
    expect(() => parseControlCommand(text)).toThrow('Expected {"close"');
  });
});

describe('revocations', () => {
  it('count as new once, and are dropped when they have ended', () => {
    const revocations = new Revocations();
    const add = (until: number): boolean => revocations.add({ id: 'a', until }, 10);
    expect([add(20), add(20), add(30)]).toEqual([true, false, false]);
    expect(revocations.all(29)).toEqual([['a', 30]]);
    expect(revocations.has({ principal: 'x', tokenId: 'a' }, 30)).toBe(false);
    expect(revocations.all(30)).toEqual([]);
    expect(revocations.all(10)).toEqual([]);
  });

  it('of a principal are dropped completely when they have ended', () => {
    const revocations = new Revocations();
    for (const before of [1, 2]) revocations.add({ principal: 'user:ada', before, until: 20 + before }, 10);
    expect(revocations.all(21)).toHaveLength(1);
    expect(revocations.has({ principal: 'user:ada', signedInAt: 2 }, 21)).toBe(true);
    expect(revocations.all(22)).toEqual([]);
    expect(revocations.has({ principal: 'user:ada', signedInAt: 0 }, 10)).toBe(false);
  });

  it('are limited to 100,000, and one more is refused until others have ended', () => {
    const revocations = new Revocations();
    for (let i = 0; i < 100_000; i++) revocations.add({ id: `${i}`, until: 20 }, 10);
    expect(revocations.isFull).toBe(true);
    expect(revocations.add({ id: 'one more', until: 20 }, 10)).toBe(false);
    revocations.all(20);
    expect(revocations.add({ id: 'one more', until: 30 }, 20)).toBe(true);
  });
});
