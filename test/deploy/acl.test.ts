import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeClient, type TestClient } from '../support/client.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { read } from './files.ts';

/** The page about the rights, and the users that it defines. */
const RIGHTS = read('src/docs/how-to/redis-rights.md');
const USERS = [...RIGHTS.matchAll(/^ACL SETUSER (\S+) .*$/gm)].map(([line]) => line.split(' '));
const LOG = '{belfry}:log';
const event = (type: string, action: string, key: string): string =>
  JSON.stringify({ type, action, key, object: { n: 1 } });

function connectTo(url: string, username = '', password = ''): Redis {
  const redis = new Redis(url, {
    ...(username && { username, password, enableReadyCheck: false }),
    maxRetriesPerRequest: 1,
    // A publisher has no right to CLIENT SETINFO, which Redis 7.2 and later would log as denied.
    disableClientInfo: true,
  });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** A Redis with the users of the documentation, a node that is one of them, and a client that hears all events. */
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
    'cluster.*.*',
  ]);
  return { node, admin, as: (name) => connectTo(url, name, `${name}-secret`), client };
}

/** The rules that withdraw one key or channel. Redis can only withdraw all of them, so the others are granted again. */
function without(rights: readonly string[], right: string): string[] {
  return ['resetkeys', 'resetchannels', ...rights.filter((each) => /^[~&]/.test(each) && each !== right)];
}

/** Checks that everything which no publisher may do is forbidden, and one thing more. */
async function allForbidden(user: Redis, more: () => Promise<unknown>): Promise<void> {
  const forbidden = [
    () => user.publish('belfry:control', '{}'),
    () => user.publish('belfry:log', `0-0 1-0 ${event('a', 'b', 'forged')}`),
    () => user.xadd(LOG, '*', 'e', '{}'),
    () => user.xrange('{belfry}:ingress', '-', '+'),
    () => user.fcall('belfry_publish', 1, LOG, event('a', 'b', 'c')),
    () => user.subscribe('belfry:events'),
    () => user.flushall(),
    more,
  ];
  for (const each of forbidden) await expect(each()).rejects.toThrow(/NOPERM/);
}

describe.skipIf(!HAS_REDIS_SERVER)('the Redis users of the documentation', () => {
  it('are the node and three kinds of publishers', () => {
    expect(USERS.map(([, , name]) => name)).toEqual(['belfry', 'announcer', 'deployer', 'caller']);
  });

  it('have the rights that a node needs for all its work', async () => {
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
    await admin.xadd('{belfry}:ingress', '*', 'event', 'rejected input');
    await expect.poll(() => admin.xlen('{belfry}:dead-letters')).toBe(1);
    const [id] = (await admin.xrange('{belfry}:dead-letters', '-', '+'))[0] ?? [];
    expect(await ask(`/api/v3/dead-letters/${id}/retry`, 'POST')).toBe(204);
    expect(await ask('/api/v3/tokens/x', 'DELETE')).toBe(200);
    expect(await ask('/api/v3/connections?Type=websocket', 'DELETE')).toBe(200);
    expect((await client.closed).code).toBe(4009);
    expect(await admin.acl('LOG')).toEqual([]);
  });

  it('include one that may publish through the ingress, and do nothing else', async () => {
    const { as, client } = await world();
    const deployer = as('deployer');
    await deployer.xadd('{belfry}:ingress', '*', 'event', event('a', 'b', 'durable'));
    expect(await client.next()).toMatchObject({ key: 'durable' });
    await allForbidden(deployer, () => deployer.publish('belfry:events', event('a', 'b', 'live')));
  });

  it('include one that can break or empty the ingress, which the node repairs and reports with its own rights', async () => {
    const { node, admin, as, client } = await world();
    const [deployer, other] = [as('deployer'), as('deployer')];
    const largest = '18446744073709551615-18446744073709551615';
    await deployer.xadd('{belfry}:ingress', largest, 'event', event('a', 'b', 'hostile'));
    const add = (key: string): Promise<string> =>
      other.xadd('{belfry}:ingress', '*', 'event', event('a', 'b', key)).then(() => 'taken', String);
    await expect.poll(() => add('ordinary'), { timeout: 5_000 }).toBe('taken');
    for (const key of ['hostile', 'ordinary']) expect(await client.next()).toMatchObject({ key });
    await deployer.xadd('{belfry}:ingress', 'MAXLEN', 0, largest, 'event', event('a', 'b', 'dropped'));
    await expect.poll(() => add('after'), { timeout: 5_000 }).toBe('taken');
    expect(await client.next()).toMatchObject({ key: 'after' });
    const page = await MetricsPage.of(node.url);
    expect(page.series.get('belfry_streams_mended_total{reason="ingress_ids"}')).toBe(2);
    expect(page.series.get('belfry_ingress_gone_total')).toBe(1);
    const told = node.log.filter(({ level }) => level === 50).map(({ what }) => what);
    expect(told).toEqual(['ingress_ids', 'ingress_gone', 'ingress_ids']);
    expect(await admin.acl('LOG')).toEqual([]);
  });

  it('include one that may publish live, and do nothing else', async () => {
    const { as, client } = await world();
    const announcer = as('announcer');
    await announcer.publish('belfry:events', event('a', 'b', 'live'));
    expect(await client.next()).toMatchObject({ key: 'live' });
    await allForbidden(announcer, () =>
      announcer.xadd('{belfry}:ingress', '*', 'event', event('a', 'b', 'c')),
    );
  });

  it('include one that may call belfry_publish, whatever the retention rules keep of its events', async () => {
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

  it('have all events of a call to belfry_publish refused or accepted together, whichever right is withdrawn', async () => {
    const { as, client, admin } = await world();
    const caller = as('caller');
    const [, , , ...rights] = USERS.find(([, , name]) => name === 'caller') ?? [];
    const setRights = (...changes: string[]): Promise<unknown> =>
      admin.call('ACL', 'SETUSER', 'caller', ...changes);
    const lists = [event('a', 'b', '1'), event('container', 'status', '2'), event('cluster', 'added', '3')];
    for (const right of rights.filter((each) => /^[~&+](?!fcall)/.test(each))) {
      const less = right.startsWith('+') ? ['-' + right.slice(1)] : without(rights, right);
      await setRights(...less);
      const before = await admin.xlen(LOG);
      const answer = await caller
        .fcall('belfry_publish', 2, LOG, `{belfry}:once:${right}`, ...lists)
        .then((ids) => ids as string[], String);
      // Rights that serve only to tidy up are not needed to publish these events.
      const taken = typeof answer === 'string' && /BELFRY forbidden|NOPERM/.test(answer) ? 0 : answer.length;
      expect([right, (await admin.xlen(LOG)) - before]).toEqual([right, taken]);
      for (let i = 0; i < taken; i++) await client.next();
      await setRights('reset', ...rights);
    }
    expect(client.unread).toEqual([]);
  });
});
