import { describe, expect, it } from 'vitest';
import { HAS_REDIS_SERVER, startRedisServer, type RedisServerOptions } from '../support/redis.ts';
import { event } from './contract.ts';
import { RedisWorld } from './redis-world.ts';
import { publishRefusalOf, unavailable, unknown } from './refusal.ts';

async function ownWorld(options?: RedisServerOptions) {
  const server = await startRedisServer(options);
  return { server, world: new RedisWorld(server.url) };
}

describe.skipIf(!HAS_REDIS_SERVER)('while Redis is away', () => {
  it('a publish is refused at once, the node is not ready, and both work again when it is back', async () => {
    const { server, world } = await ownWorld({ keeps: true });
    const { broker, recorder } = await world.start();
    await broker.publish([event('before')]);
    await server.stop();
    await expect.poll(() => publishRefusalOf(broker.ready())).toEqual(unavailable('is not connected'));
    for (let i = 0; i < 10; i++) {
      expect(await publishRefusalOf(broker.publish([event('meanwhile')]), 100)).toEqual(
        unavailable('is not connected'),
      );
    }
    await server.restart();
    await expect.poll(() => publishRefusalOf(broker.ready()), { timeout: 10_000 }).toBe('accepted');
    await broker.publish([event('after')]);
    await recorder.key('after');
    expect(recorder.keys).toEqual(['before', 'after']);
    expect(world.said(40).filter((line) => line.includes('is lost'))).toHaveLength(4);
  });

  it('a publish under way is answered with an unknown outcome when Redis goes and does not come back', async () => {
    const { server, world } = await ownWorld();
    const { broker } = await world.start({ commandTimeoutMs: 300 });
    server.freeze();
    const refusal = publishRefusalOf(broker.publish([event('x')]));
    await server.kill();
    expect(await refusal).toEqual(unknown);
  });

  it('a command to a hanging Redis fails after the time limit, and works again when Redis goes on', async () => {
    const { server, world } = await ownWorld();
    const { broker, recorder } = await world.start({ commandTimeoutMs: 200 });
    server.freeze();
    expect(await publishRefusalOf(broker.publish([event('hangs')]))).toEqual(unknown);
    expect(await publishRefusalOf(broker.ready())).toEqual(expect.objectContaining({ code: 'unavailable' }));
    server.thaw();
    await expect.poll(() => publishRefusalOf(broker.ready()), { timeout: 10_000 }).toBe('accepted');
    await broker.publish([event('after')]);
    expect((await recorder.key('after')).map(({ key }) => key)).toContain('after');
  });

  it('a node stops without waiting for Redis', async () => {
    const { server, world } = await ownWorld();
    const { broker } = await world.start();
    await server.kill();
    await expect.poll(() => publishRefusalOf(broker.ready())).toEqual(unavailable('is not connected'));
    await broker.stop();
    expect(await publishRefusalOf(broker.ready())).toEqual(unavailable('is not running'));
  });

  it('a node does not start, and says why', async () => {
    const { server, world } = await ownWorld();
    await server.kill();
    const node = world.node({ connectTimeoutMs: 300 });
    const refusal = await publishRefusalOf(node.start(() => false));
    const words = `Redis at 127.0.0.1:${server.port} cannot be reached within 300 ms: connect ECONNREFUSED`;
    expect(refusal).toEqual(unavailable(words));
    await server.restart();
    expect(await clientsOf(world)).toEqual([]);
  });

  it('a node waits for a Redis that starts a little later', async () => {
    const { server, world } = await ownWorld();
    await server.kill();
    const started = world.start();
    await server.restart();
    const { broker } = await started;
    expect(await publishRefusalOf(broker.ready())).toBe('accepted');
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a Redis that comes back', () => {
  it('with its data costs no event, also none that was published before the node had reconnected', async () => {
    const { server, world } = await ownWorld({ keeps: true });
    const nodes = [await world.start(), await world.start()];
    await nodes[0]?.broker.publish([event('1'), event('2')]);
    for (const { recorder } of nodes) await recorder.count(2);
    await server.kill();
    // The connections for commands and the subscriber; that of the ingress may not have had its first answer yet.
    await expect.poll(() => world.said(40).length).toBeGreaterThanOrEqual(4);
    await server.restart();
    await expect.poll(() => world.redis.status).toBe('ready');
    await world.fcall(JSON.stringify(event('3')));
    for (const { recorder } of nodes) {
      await recorder.key('3', 10_000);
      expect(recorder.keys).toEqual(['1', '2', '3']);
      expect(recorder.events[2]?.previous).toBe(recorder.events[1]?.id);
    }
  });

  it('without its data leads to a gap event, and what it holds by then is delivered', async () => {
    const { server, world } = await ownWorld();
    const nodes = [await world.start(), await world.start()];
    const [lost] = (await nodes[0]?.broker.publish([event('lost')])) ?? [];
    for (const { recorder } of nodes) await recorder.count(1);
    await server.kill();
    await server.restart();
    for (const { broker } of nodes) {
      await expect.poll(() => publishRefusalOf(broker.ready()), { timeout: 10_000 }).toBe('accepted');
    }
    await nodes[0]?.broker.publish([event('new'), event('newer')]);
    for (const { recorder } of nodes) await recorder.key('newer');
    for (const { recorder } of nodes) {
      expect(recorder.events).toMatchObject([
        { key: 'lost' },
        { type: 'belfry', action: 'gap', key: lost, object: { from: lost, to: '0-0', reason: 'log lost' } },
        { key: 'new', previous: '0-0' },
        { key: 'newer', previous: recorder.events[2]?.id },
      ]);
    }
  });

  it('with its clock set back does not make the node deaf', async () => {
    const { server, world } = await ownWorld();
    const { broker, recorder } = await world.start();
    // The id is far ahead, so that every entry after the loss has a lower id.
    await world.redis.xadd(world.log, '9000000000000-0', 'p', '0-0', 'e', JSON.stringify(event('future')));
    await world.redis.set(world.last, '9000000000000-0');
    await broker.publish([event('future too')]);
    await recorder.count(2);
    await server.kill();
    await server.restart();
    await expect.poll(() => publishRefusalOf(broker.ready()), { timeout: 10_000 }).toBe('accepted');
    await broker.publish([event('present')]);
    await recorder.key('present');
    expect(recorder.keys).toEqual(['future', 'future too', '9000000000000-1', 'present']);
  });

  it('emptied while the node runs does not make the node deaf', async () => {
    const { world } = await ownWorld();
    const { broker, recorder } = await world.start();
    const [id = ''] = await broker.publish([event('1')]);
    await recorder.count(1);
    // A log that begins anew in the same millisecond assigns the same id again.
    await expect.poll(() => world.now()).toBeGreaterThan(Number.parseInt(id, 10));
    await world.redis.flushall();
    await broker.publish([event('2')]);
    await recorder.key('2');
    expect(recorder.events.map(({ type }) => type)).toEqual(['profiles', 'belfry', 'profiles']);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a Redis that refuses', () => {
  it('for want of memory has its reason passed to the publisher, and is used again when it has memory', async () => {
    const { world } = await ownWorld();
    const { broker, recorder } = await world.start();
    await world.redis.config('SET', 'maxmemory', '1');
    const refusal = await publishRefusalOf(broker.publish([event('1'), event('2')]));
    expect(refusal).toEqual(unavailable('OOM'));
    expect((refusal as Error).cause).not.toHaveProperty('command');
    await world.redis.config('SET', 'maxmemory', '0');
    await broker.publish([event('3')]);
    await recorder.count(1);
    expect(recorder.keys).toEqual(['3']);
  });

  it('as a replica makes the node reconnect to the new master', async () => {
    const { world } = await ownWorld();
    const { broker, recorder } = await world.start();
    await world.redis.replicaof('127.0.0.1', 1);
    expect(await publishRefusalOf(broker.publish([event('1')]))).toEqual(unavailable('READONLY'));
    await world.redis.replicaof('NO', 'ONE');
    await expect.poll(() => publishRefusalOf(broker.publish([event('2')]))).toBe('accepted');
    await recorder.key('2');
    expect(world.said()).toContain('the connection to Redis is lost; trying again');
  });

  it('to let a node in is named in the error, without the password', async () => {
    const { server, world } = await ownWorld();
    await world.redis.config('SET', 'requirepass', 'right');
    const node = world.node({ url: `redis://:wrong@127.0.0.1:${server.port}`, connectTimeoutMs: 300 });
    const refusal = await publishRefusalOf(node.start(() => false));
    expect(refusal).toEqual(unavailable('WRONGPASS'));
    expect(`${String(refusal)} ${JSON.stringify(world.logged)}`).not.toMatch(/wrong@|:wrong/);
  });

  it('the channel makes the node not ready, and is logged', async () => {
    const { server, world } = await ownWorld();
    await world.redis.call('ACL', 'SETUSER', 'hub', 'on', '>pass', '~*', '+@all', 'resetchannels');
    const node = world.node({ url: `redis://hub:pass@127.0.0.1:${server.port}` });
    expect(await publishRefusalOf(node.start(() => false))).toEqual(unavailable('NOPERM'));
    expect(await clientsOf(world)).toEqual([]);
  });
});

describe('a list of events', () => {
  it('is refused whole when one event is too big', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start({ maxEventBytes: 1_000 });
    const big = { ...event('big'), object: 'x'.repeat(1_000) };
    expect(await publishRefusalOf(broker.publish([event('1'), big]))).toMatchObject({
      code: 'event_too_big',
      status: 413,
      message: expect.stringMatching(/^The event is \d+ bytes\. Expected at most 1000\.$/) as string,
    });
    await broker.publish([event('2')]);
    await recorder.key('2');
    expect(recorder.keys).toEqual(['2']);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a node that stops', () => {
  it('leaves no connection behind', async () => {
    const { world } = await ownWorld();
    const { broker } = await world.start();
    expect(await clientsOf(world)).toEqual([
      'belfry-commands',
      'belfry-ingress',
      'belfry-reads',
      'belfry-subscriber',
    ]);
    await broker.stop();
    await broker.stop();
    await expect.poll(() => clientsOf(world)).toEqual([]);
  });

  it.each(['started', 'not started', 'refused'])(
    'lets its process end by itself when it was %s',
    async (how) => {
      const { server, world } = await ownWorld();
      if (how === 'refused') await server.kill();
      const said = await world.shortLife(
        how === 'refused' ? { connectTimeoutMs: 1_000 } : { starts: how === 'started' },
      );
      expect(said).toMatch(how === 'refused' ? /^unavailable: .*ECONNREFUSED/ : /^stopped$/);
    },
  );
});

/** The names of the connections that nodes hold. */
async function clientsOf({ redis }: RedisWorld): Promise<string[]> {
  const list = String(await redis.client('LIST'));
  return [...list.matchAll(/name=(belfry-\S+)/g)].map(([, name = '']) => name).toSorted();
}
