import { describe, expect, it } from 'vitest';
import { native } from '../../src/dialects/native.ts';
import { aConnection, anIdentity } from '../support/connection.ts';
import { openLiveStream } from '../support/stream.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { ask, counts, dial, keepAlive, websockets, type Shown } from './connections-helpers.ts';

const admin = (node: TestNode): Promise<string> => node.token();
const may = (node: TestNode, subscribe: string[], publish: string[] = []): Promise<string> =>
  node.token('someone', { subscribe, publish });

describe('GET /api/v3/connections', () => {
  it('shows a socket with all its fields, and follows its subscriptions', async () => {
    const node = await startNode({ BELFRY_NODE: 'n1' });
    const client = await dial(
      node,
      await node.token('ada', { subscribe: ['a.*.*'] }),
      '/native/ws?pattern=a.b.c',
    );
    await client.next();
    client.send({ command: 'subscribe', patterns: ['a.*.*'] });
    await client.next();
    await expect.poll(async () => (await websockets(node))[0]?.Patterns).toEqual(['a.b.c', 'a.*.*']);
    const [shown] = await websockets(node);
    expect(shown).toEqual({
      Type: 'websocket',
      RemoteAddr: client.address,
      Principal: 'user:ada',
      CreateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      ExpiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      Id: expect.stringMatching(/^[^:]+$/) as string,
      Node: 'n1',
      Dialect: 'native',
      Patterns: ['a.b.c', 'a.*.*'],
      UserAgent: 'dialer/1.0',
    });
    client.send({ command: 'unsubscribe', patterns: ['a.b.c'] });
    await expect.poll(async () => (await websockets(node))[0]?.Patterns).toEqual(['a.*.*']);
    client.ws.close();
    await expect.poll(() => websockets(node)).toEqual([]);
  });

  it('accepts filters, order and page as DRP writes them, and counts in its headers, for HEAD as well', async () => {
    const node = await startNode();
    for (const name of ['ada', 'ada', 'bea']) await dial(node, await node.token(name, {}));
    const token = await admin(node);
    const list = async (query: string) => ask<Shown[]>(node.url, `/connections${query}`, token);
    const adas = await list('?Principal=Eq%28user%3Aada%29');
    expect([adas.status, adas.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(adas.body.map(({ Principal }) => Principal)).toEqual(['user:ada', 'user:ada']);
    // The request itself is the fourth connection.
    expect(counts(adas)).toEqual(['4', '2']);
    const sorted = await list('?Type=websocket&sort=Principal&reverse=true&limit=2&offset=1');
    expect(sorted.body.map(({ Principal }) => Principal)).toEqual(['user:ada', 'user:ada']);
    const head = await ask(node.url, '/connections?Type=websocket&limit=1', token, { method: 'HEAD' });
    expect([head.status, head.body, ...counts(head)]).toEqual([200, '', '4', '1']);
    const refused = await ask(node.url, '/connections?Colour=red', token);
    expect([refused.status, refused.body]).toMatchObject([
      406,
      {
        Type: 'GET',
        Code: 406,
        Messages: [expect.stringContaining('Filter not found: Colour'), expect.any(String)],
      },
    ]);
  });

  it('leaves out anonymous connections unless a filter names Principal', async () => {
    const node = await startNode();
    const norn = await dial(node, undefined, '/norn/ws');
    const token = await admin(node);
    expect(await websockets(node)).toEqual([]);
    const asked = await ask<Shown[]>(node.url, '/connections?Principal=unknown', token);
    expect(asked.body.map(({ RemoteAddr, Dialect }) => [RemoteAddr, Dialect])).toEqual([
      [norn.address, 'norn'],
    ]);
    const one = await ask<Shown>(node.url, `/connections/${norn.address}`, token);
    expect(one.body.Principal).toBe('unknown');
  });

  it('shows the connections whose events the caller may receive, and an empty list to a caller without grants', async () => {
    const node = await startNode();
    const [ada, bea] = [
      await dial(node, await node.token('ada', {})),
      await dial(node, await node.token('bea', {})),
    ];
    for (const [grants, seen] of [
      [['connections.create.user:ada'], [ada.address]],
      [['connections.*.user:ada,user:bea'], [ada.address, bea.address]],
      [['*.*.*'], [ada.address, bea.address]],
      [['connections.delete.*', 'profiles.*.*'], []],
    ] as const) {
      const token = await may(node, [...grants]);
      const { status, headers, body } = await ask<Shown[]>(node.url, '/connections?Type=websocket', token);
      expect([status, body.map(({ RemoteAddr }) => RemoteAddr).toSorted()]).toEqual([
        200,
        [...seen].toSorted(),
      ]);
      expect(headers['x-drp-list-count']).toBe(`${seen.length}`);
    }
    const token = await may(node, ['connections.create.user:ada']);
    expect((await ask(node.url, `/connections/${ada.address}`, token)).status).toBe(200);
    const hidden = await ask(node.url, `/connections/${bea.address}`, token);
    expect([hidden.status, hidden.body]).toMatchObject([
      404,
      { Messages: ['Not Found', expect.any(String)] },
    ]);
  });

  it('shows the connections of a machine, cluster or broker under its own path', async () => {
    const node = await startNode();
    const runner = await dial(node, await node.token('runner:42', {}));
    await dial(node, await node.token('runner:43', {}));
    for (const type of ['machines', 'clusters', 'resource_brokers']) {
      const answer = await ask<Shown[]>(node.url, `/${type}/42/connections`, await admin(node));
      expect([answer.body.map(({ RemoteAddr }) => RemoteAddr), ...counts(answer)]).toEqual([
        [runner.address],
        '1',
        '1',
      ]);
      const presence = await ask(node.url, `/${type}/42/presence`, await admin(node));
      expect(presence.body).toMatchObject({ principal: 'runner:42', online: true });
    }
    const blind = await ask(
      node.url,
      '/machines/42/connections',
      await may(node, ['connections.*.runner:43']),
    );
    expect([blind.status, blind.body, ...counts(blind)]).toEqual([200, [], '0', '0']);
  });
});

describe('GET /api/v3/connections/:RemoteAddr', () => {
  it('answers with the connection of an address, unescaped, or of an id, and HEAD says whether it exists', async () => {
    const node = await startNode();
    const client = await dial(node, await node.token('ada', {}));
    const token = await admin(node);
    const { status, body } = await ask<Shown>(node.url, `/connections/${client.address}`, token);
    expect([status, body.RemoteAddr]).toEqual([200, client.address]);
    expect((await ask<Shown>(node.url, `/connections/${body.Id}`, token)).body).toEqual(body);
    const there = await ask(node.url, `/connections/${client.address}`, token, { method: 'HEAD' });
    const gone = await ask(node.url, '/connections/127.0.0.1:1', token, { method: 'HEAD' });
    expect([there.status, gone.status, gone.body]).toEqual([200, 404, '']);
    const unknown = await ask(node.url, '/connections/127.0.0.1:1', token);
    expect([unknown.status, unknown.body]).toMatchObject([404, { Type: 'GET', Code: 404 }]);
  });
});

describe('a connection of REST', () => {
  it('is in the registry from its first request until its socket closes', async () => {
    const node = await startNode({ BELFRY_TRUSTED_HOPS: '1' });
    const agent = keepAlive();
    const ada = await node.token('ada', {});
    const list = async (): Promise<Shown[]> =>
      (await ask<Shown[]>(node.url, '/connections?Principal=user:ada', await admin(node))).body;
    await ask(node.url, '/info', ada, { agent });
    await ask(node.url, '/info', ada, { agent });
    expect(await list()).toMatchObject([
      { Type: 'api', Dialect: '', Patterns: [], UserAgent: 'asker/1.0', Principal: 'user:ada' },
    ]);
    agent.destroy();
    await expect.poll(list).toEqual([]);
  });

  it('is not in the registry when its credentials are refused', async () => {
    const node = await startNode();
    const agent = keepAlive();
    expect((await ask(node.url, '/info', 'wrong', { agent })).status).toBe(403);
    const { body } = await ask<Shown[]>(node.url, '/connections?Principal=Ne()', await admin(node));
    expect(body.map(({ Principal }) => Principal)).toEqual(['user:admin']);
  });

  it('is closed by DELETE, and a caller that closes itself gets the answer first', async () => {
    const node = await startNode();
    const [agent, own] = [keepAlive(), keepAlive()];
    const token = await admin(node);
    await ask(node.url, '/info', await node.token('ada', {}), { agent });
    const { body } = await ask<Shown[]>(node.url, '/connections?Principal=user:ada', token, { agent: own });
    const closed = await ask(node.url, `/connections/${body[0]?.RemoteAddr}`, token, {
      method: 'DELETE',
      agent: own,
    });
    expect([closed.status, closed.body]).toEqual([200, body[0]]);
    const self = await ask<Shown[]>(node.url, '/connections?Principal=user:admin', token, { agent: own });
    expect(self.body).toHaveLength(1);
    const last = await ask<Shown>(node.url, `/connections/${self.body[0]?.Id}`, token, {
      method: 'DELETE',
      agent: own,
    });
    expect([last.status, last.body.Id, last.headers.connection]).toEqual([200, self.body[0]?.Id, 'close']);
  });
});

describe('a list of more than one page', () => {
  it('ends after a thousand entries, and says how many there are and where the list goes on', async () => {
    const node = await startNode();
    const token = await admin(node);
    for (let i = 0; i < 1_100; i++) {
      const info = aConnection(`10.0.${i >> 8}.${i & 255}:1`, native, {
        identity: anIdentity({ principal: `user:${i}` }),
      });
      await node.hub.connections.register(info);
    }
    for (const [path, total] of [
      ['/connections?Type=websocket', '1101'],
      ['/presence', '1100'],
    ] as const) {
      const first = await ask<unknown[]>(node.url, path, token);
      expect(counts(first)).toEqual([total, '1000']);
      const [, next = ''] =
        /^<\/api\/v3(.+offset=1000.*)>; rel="next"$/.exec(String(first.headers['link'])) ?? [];
      const second = await ask<unknown[]>(node.url, next, token);
      expect([second.body.length, second.headers['link']]).toEqual([100, undefined]);
    }
    const all = await ask<Shown[]>(node.url, '/connections?Type=websocket&limit=5000', token);
    expect(all.body).toHaveLength(1_100);
    const none = await ask(node.url, '/connections?limit=0', token);
    expect([none.body, none.headers['link']]).toEqual([[], undefined]);
  });
});

describe('the cursor of a list', () => {
  it('is the position at which the list was true, and the events after it bring the list up to date', async () => {
    const node = await startNode({ BELFRY_PRESENCE_GRACE_MS: '0' });
    const token = await admin(node);
    const ada = await dial(node, await node.token('ada'));
    const [connections, presence] = [
      await ask(node.url, '/connections', token),
      await ask(node.url, '/presence', token),
    ];
    expect(presence.body).toMatchObject([{ principal: 'user:ada', online: true }]);
    await dial(node, await node.token('bea'));
    ada.ws.close();
    await expect
      .poll(async () => (await ask<object[]>(node.url, '/presence', token)).body, { timeout: 5_000 })
      .toMatchObject([{ principal: 'user:bea' }]);
    for (const { headers } of [connections, presence]) {
      const since = String(headers['belfry-cursor']);
      const { body } = await ask<{ events: { action: string; key: string }[] }>(
        node.url,
        `/events?pattern=presence.*.*&since=${since}`,
        token,
      );
      expect(body.events.map(({ action, key }) => `${action} ${key}`)).toEqual([
        'online user:bea',
        'offline user:ada',
      ]);
    }
  });
});

describe('an event stream', () => {
  it('counts as presence and for the limits of its principal, as a socket does', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_PER_PRINCIPAL: '2' });
    const [ada, token] = [await node.token('ada', { subscribe: ['jobs.*.*'] }), await admin(node)];
    const url = `${node.url}/api/v3/events?pattern=jobs.*.*&token=${ada}`;
    await Promise.all([openLiveStream(url), openLiveStream(url)]);
    const { body } = await ask<Shown[]>(node.url, '/connections?Principal=user:ada', token);
    expect(body.map(({ Type, Dialect }) => `${Type} ${Dialect}`)).toEqual(['stream native', 'stream native']);
    const presence = await ask(node.url, '/presence?principal=user:ada', token);
    expect(presence.body).toMatchObject({ online: true, connections: body });
    await expect(openLiveStream(url)).rejects.toThrow('closed with 1013');
  });
});

describe('presence', () => {
  it('says whether a principal is online, since when, and by which connections', async () => {
    const node = await startNode({ BELFRY_PRESENCE_GRACE_MS: '0' });
    const token = await admin(node);
    const of = async (query: string) => ask(node.url, `/presence${query}`, token);
    expect((await of('?principal=user:ada')).body).toEqual({
      principal: 'user:ada',
      online: false,
      since: null,
      lastSeen: null,
      connections: [],
    });
    const client = await dial(node, await node.token('ada', {}));
    expect((await of('?principal=user:ada')).body).toMatchObject({
      online: true,
      since: expect.stringMatching(/Z$/) as string,
      connections: [{ RemoteAddr: client.address }],
    });
    client.ws.close();
    await expect
      .poll(async () => (await of('?principal=user:ada')).body, { timeout: 5_000 })
      .toMatchObject({ online: false });
    expect([(await of('')).status, (await of('?principal=')).status]).toEqual([200, 406]);
    const blind = await ask(node.url, '/presence?principal=user:ada', await may(node, ['a.*.*']));
    expect(blind.status).toBe(404);
  });
});
