import { Redis } from 'ioredis';
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { ask, dial, keepAlive, type Shown } from '../gateway/connections-helpers.ts';
import { nativeClient, type TestClient } from '../support/client.ts';
import { cheapHash } from '../support/password.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';

/** All nodes must have noticed by then that a node is dead. */
const LOST_WITHIN_MS = 15_000;

type Base = { readonly url: string };

let settings: Record<string, string>;
let redis: Redis;
let channel: string;

beforeEach(() => {
  const prefix = randomPrefix();
  channel = `${prefix}:control`;
  settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
});

async function startNodes(count: number, more: Record<string, string> = {}): Promise<TestNode[]> {
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  return Promise.all(names.map((name) => startNode({ ...settings, BELFRY_NODE: name, ...more })));
}

/** The connections that a node lists, without those that listen to the registry, as `<principal> <address>`. */
async function seenBy(node: Base, admin: string, query = ''): Promise<string[]> {
  const path = `/connections?Type=websocket&Principal=Ne(user:listener)${query}`;
  const { body } = await ask<Shown[]>(node.url, path, admin);
  return body.map(({ Principal, RemoteAddr }) => `${Principal} ${RemoteAddr}`).toSorted();
}

async function listen(node: TestNode, pattern: string, more: object = {}): Promise<TestClient> {
  return nativeClient(node.url, await node.token('listener', { roles: ['admin'] }), [pattern], more);
}

/** `<action> <address>` of each of the next `count` events. */
async function heard(client: TestClient, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const { action, object } = await client.next();
    lines.push(`${String(action)} ${(object as Shown).RemoteAddr}`);
  }
  return lines.toSorted();
}

function idOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti;
}

describe('three nodes on one Redis', () => {
  it('all list the true connections, and the end of each connection of a killed node is announced once, within 15 s', async () => {
    const [one, two] = (await startNodes(2)) as [TestNode, TestNode];
    const doomed = await startNodeProcess({ ...settings, BELFRY_NODE: 'n3', BELFRY_JWT_SECRET: TEST_SECRET });
    const admin = await one.token();
    const listeners = [
      await listen(one, 'connections.*.user:a,user:b'),
      await listen(two, 'connections.*.user:a,user:b'),
    ];
    const truth = new Map<Base, string[]>([
      [one, []],
      [two, []],
      [doomed, []],
    ]);
    for (const [node, held] of truth) {
      for (const name of ['a', 'b', 'a', 'b', 'a']) {
        held.push((await dial(node, await one.token(name, {}))).address);
      }
    }
    const all = [...truth.values()].flat();
    for (const listener of listeners) {
      expect(await heard(listener, all.length)).toEqual(all.map((address) => `create ${address}`).toSorted());
    }
    const addresses = async (node: Base): Promise<string[]> =>
      (await seenBy(node, admin)).map((line) => line.split(' ')[1] ?? '').toSorted();
    for (const node of truth.keys()) expect(await addresses(node)).toEqual(all.toSorted());

    doomed.child.kill('SIGKILL');
    const lost = truth.get(doomed) ?? [];
    const rest = all.filter((address) => !lost.includes(address)).toSorted();
    for (const node of [one, two]) {
      await expect.poll(() => addresses(node), { timeout: LOST_WITHIN_MS, interval: 200 }).toEqual(rest);
    }
    for (const listener of listeners) {
      expect(await heard(listener, lost.length)).toEqual(
        lost.map((address) => `delete ${address}`).toSorted(),
      );
    }
    const again = await startNode({ ...settings, BELFRY_NODE: 'n3' });
    const back = await dial(again, await one.token('a', {}));
    for (const listener of listeners) expect(await heard(listener, 1)).toEqual([`create ${back.address}`]);
    expect(await addresses(again)).toEqual([...rest, back.address].toSorted());
    expect(listeners.flatMap(({ unread }) => unread)).toEqual([]);
    const late = await listen(two, 'connections.*.user:a,user:b', { since: '0-0' });
    expect(await heard(late, all.length + lost.length + 1)).toEqual(
      [
        ...[...all, back.address].map((address) => `create ${address}`),
        ...lost.map((address) => `delete ${address}`),
      ].toSorted(),
    );
  }, 60_000);

  it('keep five of twenty connections that open at once, and refuse fifteen with 1013 and the reason', async () => {
    const nodes = await startNodes(3, { BELFRY_CONNECTIONS_PER_PRINCIPAL: '5' });
    const [one] = nodes as [TestNode];
    const ada = await one.token('ada', {});
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => dial(nodes[i % 3] ?? one, ada)));
    const turnedAway: { code: number; reason: string }[] = [];
    for (const { closed } of clients) void closed.then((how) => turnedAway.push(how));
    await expect.poll(() => turnedAway).toHaveLength(15);
    const [how] = turnedAway;
    expect(how).toEqual({
      code: 1013,
      reason: expect.stringContaining('5 connections of user:ada') as string,
    });
    expect(new Set(turnedAway.map(({ code }) => code))).toEqual(new Set([1013]));
    const open = clients.filter(({ ws }) => ws.readyState === 1).map(({ address }) => `user:ada ${address}`);
    for (const node of nodes) expect(await seenBy(node, await one.token())).toEqual(open.toSorted());
  });

  it('close through any node a connection that another node holds, and answer once it is gone', async () => {
    const nodes = (await startNodes(3)) as [TestNode, TestNode, TestNode];
    const admin = await nodes[0].token();
    const client = await dial(nodes[1], await nodes[0].token('ada', {}));
    const { status, body } = await ask<Shown>(nodes[2].url, `/connections/${client.address}`, admin, {
      method: 'DELETE',
    });
    expect([status, body.Principal, body.Node]).toEqual([200, 'user:ada', 'n2']);
    for (const node of nodes) expect(await seenBy(node, admin)).toEqual([]);
    expect(await client.closed).toMatchObject({ code: 4009 });
  });

  it('close all connections of a token that is revoked on one of them, and refuse the token, as does a node that starts later', async () => {
    const nodes = (await startNodes(3)) as [TestNode, TestNode, TestNode];
    const ada = await nodes[0].token('ada', {});
    const clients = await Promise.all(nodes.map((node) => dial(node, ada)));
    const { status } = await ask(nodes[0].url, `/tokens/${idOf(ada)}`, await nodes[0].token(), {
      method: 'DELETE',
    });
    expect(status).toBe(200);
    for (const { closed } of clients) expect(await closed).toMatchObject({ code: 4001 });
    for (const node of [...nodes, await startNode(settings)]) {
      expect((await ask(node.url, '/info', ada)).status).toBe(403);
    }
  });
});

describe('a sign-in on three nodes', () => {
  it('is refused everywhere once it is revoked by one of its renewed tokens, by its session or by its principal', async () => {
    const password = cheapHash('wonderland');
    const users = ['ada', 'bea', 'cid'].map((name) => ({ name, password }));
    const own = { ...settings, BELFRY_USERS: JSON.stringify(users) };
    const nodes = (await startNodes(3, own)) as [TestNode, TestNode, TestNode];
    const admin = await nodes[0].token();
    const tokenBy = async (node: TestNode, name: string, authorization: string): Promise<string> => {
      const headers = { Authorization: authorization };
      const answer = await fetch(`${node.url}/api/v3/users/${name}/token`, { headers });
      return ((await answer.json()) as { Token: string }).Token;
    };
    const ways = {
      ada: (token: string) => `/tokens/${idOf(token)}`,
      bea: (token: string) => `/tokens/${String(decodeJwt(token)['sid'])}`,
      cid: () => '/tokens?principal=user:cid',
    };
    for (const [name, pathOf] of Object.entries(ways)) {
      const first = await tokenBy(nodes[0], name, `Basic ${btoa(`${name}:wonderland`)}`);
      const second = await tokenBy(nodes[1], name, `Bearer ${first}`);
      const third = await tokenBy(nodes[2], name, `Bearer ${second}`);
      const clients = await Promise.all(nodes.map((node) => dial(node, third)));
      const { status } = await ask(nodes[0].url, pathOf(second), admin, { method: 'DELETE' });
      expect([name, status]).toEqual([name, 200]);
      for (const { closed } of clients) expect(await closed).toMatchObject({ code: 4001 });
      for (const node of [...nodes, await startNode(own)])
        for (const token of [first, second, third])
          expect((await ask(node.url, '/info', token)).status).toBe(403);
      const anew = await tokenBy(nodes[1], name, `Basic ${btoa(`${name}:wonderland`)}`);
      await expect.poll(async () => (await ask(nodes[2].url, '/info', anew)).status).toBe(200);
    }
  });
});

describe('presence on two nodes', () => {
  it('announces nothing of a principal that comes back to any node within the grace', async () => {
    const [one, two] = (await startNodes(2, { BELFRY_PRESENCE_GRACE_MS: '2000' })) as [TestNode, TestNode];
    const listener = await listen(one, 'presence.*.user:ada');
    const first = await dial(one, await one.token('ada', {}));
    expect(await listener.next()).toMatchObject({
      action: 'online',
      object: { principal: 'user:ada', online: true },
    });
    first.ws.close();
    await expect.poll(() => one.hub.connections.size).toBe(1);
    const second = await dial(two, await one.token('ada', {}));
    second.ws.close();
    expect(await listener.next()).toMatchObject({
      action: 'offline',
      object: { principal: 'user:ada', online: false },
    });
    const third = await dial(two, await one.token('ada', {}));
    expect(await listener.next()).toMatchObject({ action: 'online' });
    third.ws.close();
    const { body } = await ask(two.url, '/presence?principal=user:ada', await one.token());
    expect(body).toMatchObject({ principal: 'user:ada', online: true });
  });
});

describe('a connection that authenticates as another principal', () => {
  it('is announced as an update on every node', async () => {
    const [one, two] = (await startNodes(2)) as [TestNode, TestNode];
    const listener = await listen(two, 'connections.update.*');
    const client = await dial(one, await one.token('ada', {}));
    client.send({ id: 2, command: 'auth', token: await one.token('bea', {}) });
    expect(await client.next()).toMatchObject({ action: 'auth', object: { principal: 'user:bea' } });
    expect(await listener.next()).toMatchObject({
      action: 'update',
      key: 'user:bea',
      object: {
        RemoteAddr: client.address,
        Principal: 'user:bea',
        ExpiresAt: expect.stringMatching(/Z$/) as string,
      },
    });
    expect(await seenBy(two, await one.token())).toEqual([`user:bea ${client.address}`]);
  });
});

describe('a command on the channel belfry:control', () => {
  it('is carried out by every node that it concerns', async () => {
    const [one, two] = (await startNodes(2)) as [TestNode, TestNode];
    const ada = await one.token('ada', {});
    const [a, b, c] = [
      await dial(one, ada),
      await dial(two, ada),
      await dial(two, await one.token('bea', {})),
    ];
    await redis.publish(channel, JSON.stringify({ close: { principal: 'user:ada' }, reason: 'tea time' }));
    for (const { closed } of [a, b])
      expect(await closed).toEqual({ code: 4009, reason: 'closed by an operator: tea time' });
    await redis.publish(channel, JSON.stringify({ close: { node: 'n2' } }));
    expect(await c.closed).toEqual({ code: 4009, reason: 'closed by an operator' });
    const d = await dial(one, ada);
    await redis.publish(channel, JSON.stringify({ revoke: idOf(ada), until: '2099-01-01T00:00:00Z' }));
    expect(await d.closed).toEqual({ code: 4001, reason: 'token revoked' });
    await expect
      .poll(() => redis.zscore(`{${settings['BELFRY_PREFIX']}}:revoked`, idOf(ada)))
      .toBe(String(Date.parse('2099-01-01T00:00:00Z')));
    const young = await startNode(settings);
    expect((await ask(young.url, '/info', ada)).status).toBe(403);
  });

  it.each([
    ['no JSON', 'close', 'json_invalid'],
    ['no command', '{"open":"everything"}', 'command_invalid'],
    ['two targets', '{"close":{"id":"a","node":"n1"}}', 'command_invalid'],
    ['no target', '{"close":{}}', 'command_invalid'],
    ['an unknown target', '{"close":{"colour":"red"}}', 'command_invalid'],
    ['everybody', '{"close":{"principal":""}}', 'command_invalid'],
    ['a revocation without end', '{"revoke":"a"}', 'command_invalid'],
    ['a revocation until some day', '{"revoke":"a","until":"some day"}', 'command_invalid'],
  ])('that is invalid (%s) is counted, and disturbs nobody', async (_name, text, reason) => {
    const [one] = (await startNodes(1)) as [TestNode];
    const client = await dial(one, await one.token('ada', {}));
    await redis.publish(channel, text);
    await redis.publish(channel, JSON.stringify({ close: { address: client.address } }));
    expect(await client.closed).toMatchObject({ code: 4009 });
    const metrics = await (await fetch(`${one.url}/metrics`)).text();
    expect(metrics).toContain(`belfry_rejected_total{source="control",reason="${reason}"} 1`);
  });
});

describe('a connection of a REST client', () => {
  it('is seen on the other node while its socket is open', async () => {
    const [one, two] = (await startNodes(2)) as [TestNode, TestNode];
    const agent = keepAlive();
    await ask(one.url, '/info', await one.token('ada', {}), { agent });
    const admin = await one.token();
    const list = async (): Promise<Shown[]> =>
      (await ask<Shown[]>(two.url, '/connections?Principal=user:ada', admin)).body;
    await expect.poll(list).toMatchObject([{ Type: 'api', Node: 'n1', Dialect: '' }]);
    agent.destroy();
    await expect.poll(list).toEqual([]);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('after Redis has come back empty', () => {
  it('the registry is right again within 15 s, and revoked tokens stay revoked', async () => {
    const server = await startRedisServer({});
    settings = { ...settings, BELFRY_REDIS_URL: server.url };
    const nodes = (await startNodes(2)) as [TestNode, TestNode];
    const [one, two] = nodes;
    const [ada, admin, revoked] = [await one.token('ada', {}), await one.token(), await one.token('bea', {})];
    const clients = [await dial(one, ada), await dial(two, ada)];
    await ask(one.url, `/tokens/${idOf(revoked)}`, admin, { method: 'DELETE' });
    const truth = clients.map(({ address }) => `user:ada ${address}`).toSorted();
    await server.stop();
    await expect.poll(async () => (await fetch(`${one.url}/readyz`)).status, { timeout: 10_000 }).toBe(503);
    await expect(dial(one, ada)).rejects.toThrow('503');
    expect((await ask(one.url, '/connections', admin)).status).toBe(503);
    clients[0]?.send({ id: 1, command: 'auth', token: await one.token('ada', {}) });
    expect(await clients[0]?.next()).toMatchObject({ action: 'auth' });
    await server.restart();
    for (const node of nodes) {
      const seen = (): Promise<string[]> => seenBy(node, admin).catch(() => []);
      await expect.poll(seen, { timeout: 15_000, interval: 200 }).toEqual(truth);
    }
    const young = await startNode(settings);
    expect((await ask(young.url, '/info', revoked)).status).toBe(403);
  }, 60_000);
});
