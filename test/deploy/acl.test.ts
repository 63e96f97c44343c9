import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeClient, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { read } from './files.ts';

/** As the handbook gives them. */
const USERS = [...read('README.md').matchAll(/^ACL SETUSER (\S+) .*$/gm)].map(([line]) => line.split(' '));
const LOG = '{belfry}:log';
const event = (type: string, action: string, key: string): string =>
  JSON.stringify({ type, action, key, object: { n: 1 } });

function connectTo(url: string, username = '', password = ''): Redis {
  const redis = new Redis(url, {
    ...(username && { username, password, enableReadyCheck: false }),
    maxRetriesPerRequest: 1,
  });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** A Redis with the users of the handbook, a node that is one of them, and somebody who hears everything. */
async function world(): Promise<{
  node: TestNode;
  admin: Redis;
  as: (name: string) => Redis;
  client: TestClient;
}> {
  const { url } = await startRedisServer({});
  const admin = connectTo(url);
  for (const [, ...line] of USERS) await admin.acl('SETUSER', ...(line.slice(1) as [string]));
  const ofNode = new URL(url);
  [ofNode.username, ofNode.password] = ['belfry', 'node-secret'];
  const node = await startNode({ BELFRY_REDIS_URL: ofNode.href });
  const client = await nativeClient(node.url, await node.token(), [
    'a.*.*',
    'deployment.*.*',
    'container.*.*',
  ]);
  return { node, admin, as: (name) => connectTo(url, name, `${name}-secret`), client };
}

describe.skipIf(!HAS_REDIS_SERVER)('the Redis users of the handbook', () => {
  it('are three', () => {
    expect(USERS.map(([, , name]) => name)).toEqual(['belfry', 'deployer', 'caller']);
  });

  it('let a node do all that it does', async () => {
    const { node, admin, client } = await world();
    const headers = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
    const ask = async (path: string, method = 'GET', body?: string): Promise<number> =>
      (await fetch(`${node.url}${path}`, { method, headers, ...(body !== undefined && { body }) })).status;
    expect(await ask('/readyz')).toBe(200);
    expect(await ask('/api/v3/events', 'POST', event('deployment', 'status', '15'))).toBe(204);
    expect(await client.next()).toMatchObject({ type: 'deployment' });
    expect(await ask('/api/v3/events?limit=1')).toBe(200);
    expect(await ask('/api/v3/connections')).toBe(200);
    expect(await ask('/api/v3/presence?principal=user:admin')).toBe(200);
    await admin.xadd('{belfry}:ingress', '*', 'event', 'rubbish');
    await expect.poll(() => admin.xlen('{belfry}:dead')).toBe(1);
    const [id] = (await admin.xrange('{belfry}:dead', '-', '+'))[0] ?? [];
    expect(await ask(`/api/v3/dead/${id}/retry`, 'POST')).toBe(204);
    expect(await ask('/api/v3/tokens/x', 'DELETE')).toBe(200);
    expect(await ask('/api/v3/connections?Type=websocket', 'DELETE')).toBe(200);
    expect((await client.closed).code).toBe(4009);
    expect(await admin.acl('LOG')).toEqual([]);
  });

  it('let a service publish through the inbox and the channel, and do nothing else', async () => {
    const { as, client } = await world();
    const deployer = as('deployer');
    await deployer.xadd('{belfry}:ingress', '*', 'event', event('a', 'b', 'durable'));
    expect(await client.next()).toMatchObject({ key: 'durable' });
    await deployer.publish('belfry:events', event('a', 'b', 'live'));
    expect(await client.next()).toMatchObject({ key: 'live' });
    const forbidden = [
      deployer.publish('belfry:control', '{}'),
      deployer.xadd(LOG, '*', 'e', '{}'),
      deployer.xrange('{belfry}:ingress', '-', '+'),
      deployer.fcall('belfry_publish', 1, LOG, event('a', 'b', 'c')),
      deployer.subscribe('belfry:events'),
      deployer.flushall(),
    ];
    for (const each of forbidden) await expect(each).rejects.toThrow(/NOPERM/);
  });

  it('let a service call belfry_publish, whatever the retention rules keep of its events', async () => {
    const { as, client, admin } = await world();
    const caller = as('caller');
    const events = [
      event('a', 'b', 'c'),
      event('container', 'status', 'app'),
      event('deployment', 'log', '15'),
    ];
    await caller.fcall('belfry_publish', 2, LOG, '{belfry}:once:1', ...events);
    for (const type of ['a', 'container', 'deployment']) expect(await client.next()).toMatchObject({ type });
    await expect(caller.publish('belfry:control', '{}')).rejects.toThrow(/NOPERM/);
    await expect(caller.xrange(LOG, '-', '+')).rejects.toThrow(/NOPERM/);
    const denied = (await admin.acl('LOG')) as unknown[];
    expect(denied).toHaveLength(2);
  });
});
