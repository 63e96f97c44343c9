import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';
import { ManualClock } from '../support/clock.ts';
import { once } from '../support/once.ts';

const WATCH_MS = 5_000;
const event = (key: string): NewEvent => ({ type: 'a', action: 'b', key, object: null });
const text = (key: string): string => JSON.stringify(event(key));

/**
 * A Redis with two nodes: one connects as the user `hub`, whose rights the test takes away; the other may do
 * everything.
 */
async function twoNodes(): Promise<{
  world: RedisWorld;
  clock: ManualClock;
  limited: StartedNode;
  free: StartedNode;
  allow: (...rights: string[]) => Promise<unknown>;
}> {
  const server = await startRedisServer();
  const world = new RedisWorld(server.url);
  const allow = (...rights: string[]): Promise<unknown> =>
    world.redis.call('ACL', 'SETUSER', 'hub', ...rights);
  await allow('on', '>pass', '~*', '+@all', 'allchannels');
  const clock = new ManualClock();
  const limited = await world.start({ clock, url: `redis://hub:pass@127.0.0.1:${server.port}` });
  return { world, clock, limited, free: await world.start({ claimAfterMs: 50 }), allow };
}

const isReady = ({ broker }: StartedNode): Promise<boolean> => broker.ready().then(() => true, () => false); // prettier-ignore

describe.skipIf(!HAS_REDIS_SERVER)('rights that a user of Redis lacks', () => {
  it.each(['-set', '-publish', '-xadd', '-get', '-xdel'])(
    'keep a whole list out of the log: %s',
    async (right) => {
      const { limited, free, allow, world } = await twoNodes();
      await allow(right);
      await expect(limited.broker.publish([event('1'), event('2')], once('key'))).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await world.redis.exists(world.log, world.last)).toBe(0);
      await allow('+@all');
      await limited.broker.publish([event('1'), event('2')], once('key'));
      await free.recorder.count(2);
      expect(free.recorder.keys).toEqual(['1', '2']);
    },
  );

  it('cause no repeated and no missing event when a node loses its channel for a while', async () => {
    const { world, limited, free, allow, clock } = await twoNodes();
    await free.broker.publish([event('before')]);
    await limited.recorder.key('before');
    await allow('resetchannels');
    await expect.poll(() => isReady(limited)).toBe(false);
    const refused = limited.broker.publish([event('refused')]);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    for (let i = 0; i < 50; i++) await free.broker.publish([event(`${i}`)]);
    await world.redis.xadd(`{${world.prefix}}:ingress`, '*', 'event', text('by the ingress'));
    clock.advance(WATCH_MS);
    await free.recorder.key('by the ingress');
    await allow('allchannels');
    clock.advance(WATCH_MS);
    await limited.recorder.key('by the ingress');
    await expect.poll(() => isReady(limited)).toBe(true);
    expect(limited.recorder.events).toEqual(free.recorder.events);
    expect(limited.recorder.keys).toHaveLength(52);
  });

  it('leave an entry in the ingress when it could be moved but not removed', async () => {
    const { world, limited, free, allow, clock } = await twoNodes();
    await free.broker.stop();
    await allow('-xack');
    await world.redis.xadd(`{${world.prefix}}:ingress`, '*', 'event', text('1'));
    await expect.poll(() => world.said(40)).toContain('cannot take from the ingress; trying again');
    expect(await world.redis.exists(world.log)).toBe(0);
    await allow('+@all');
    await expect.poll(() => (clock.advance(WATCH_MS), limited.recorder.keys)).toEqual(['1']);
    expect(await world.redis.xlen(world.log)).toBe(1);
  });
});

describe('a list that the log refuses halfway', () => {
  it('leaves none of its events in the log', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start();
    await broker.publish([event('1')]);
    await world.redis.xadd(world.log, '18446744073709551615-18446744073709551614', 'x', 'y');
    await expect(world.fcall(text('2'), text('3'))).rejects.toThrow('exhausted');
    expect(await world.redis.xlen(world.log)).toBe(2);
    await recorder.count(1);
    expect(recorder.keys).toEqual(['1']);
  });
});
