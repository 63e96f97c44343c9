import { describe, expect, it } from 'vitest';
import { LIBRARY_VERSION } from '../../src/broker/redis-scripts.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld } from './redis-world.ts';

const event = (object: object): string => JSON.stringify({ type: 'a', action: 'b', key: 'k', object });
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(String, ({ message }: Error) => message);

describe.skipIf(!HAS_REDIS_SERVER)('hubs of several prefixes on one Redis', () => {
  it('share one function, which applies the masks, limits and retention of each hub', async () => {
    const { url } = await startRedisServer();
    const [one, two, three] = [new RedisWorld(url), new RedisWorld(url), new RedisWorld(url)];
    await one.start({ redaction: new Redaction([{ fields: ['password'] }]), maxEventBytes: 200 });
    await two.start({ redaction: new Redaction([{ fields: ['pin'] }]), maxEventBytes: 90 });
    await three.start({ retention: new Retention([{ pattern: 'a.b.*', latest: true }]) });
    const secret = event({ password: 'p', pin: 'q' });
    for (const world of [one, two, three]) await world.fcall(secret);
    const kept = async ({ redis, log }: RedisWorld): Promise<unknown> =>
      (JSON.parse((await redis.xrange(log, '-', '+'))[0]?.[1][3] ?? '{}') as { object: unknown }).object;
    expect(await kept(one)).toEqual({ password: '[redacted]', pin: 'q' });
    expect(await kept(two)).toEqual({ password: 'p', pin: '[redacted]' });
    expect(await kept(three)).toEqual({ password: 'p', pin: 'q' });

    const long = event({ text: 'x'.repeat(60) });
    expect(await one.fcall(long)).toHaveLength(1);
    expect(await refusal(two.fcall(long))).toMatch(/^BELFRY event_too_big: .*expected at most 90 bytes/);
    const latest = ({ redis, prefix }: RedisWorld) => redis.hlen(`{${prefix}}:latest:a`);
    expect([await latest(one), await latest(two), await latest(three)]).toEqual([0, 0, 1]);
  });

  it('cannot be published to by the function where no rules are stored, since nothing would be masked', async () => {
    const { url } = await startRedisServer();
    await new RedisWorld(url).start();
    const nobody = new RedisWorld(url);
    expect(await refusal(nobody.fcall(event({})))).toMatch(
      /^BELFRY unavailable: .*:rules is not there; expected /,
    );
    await nobody.redis.hset(`{${nobody.prefix}}:rules`, { digest: 'x', rules: '{}', format: '999' });
    expect(await refusal(nobody.fcall(event({})))).toMatch(
      /^BELFRY unavailable: .*another format; expected /,
    );
    expect(await nobody.redis.exists(nobody.log)).toBe(0);
  });

  it('keep the function of the newest version, whichever node starts last', async () => {
    const { url } = await startRedisServer();
    const world = new RedisWorld(url);
    const library = (version: number, answer: string): string =>
      `#!lua name=belfry\n-- version ${version}\nredis.register_function('belfry_publish', function() return '${answer}' end)`;
    await world.redis.function('LOAD', library(LIBRARY_VERSION + 1, 'newer'));
    await world.start();
    expect(await world.fcall(event({}))).toBe('newer');
    await world.redis.function('LOAD', 'REPLACE', library(LIBRARY_VERSION - 1, 'older'));
    await world.start();
    expect(await world.fcall(event({}))).toHaveLength(1);
  });
});
