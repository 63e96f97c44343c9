import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { connect, nativeClient, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { cheapHash } from '../support/password.ts';
import { ask, dial, keepAlive, websockets, type Shown } from './connections-helpers.ts';

const DELETE = { method: 'DELETE' };

const may = (node: TestNode, subscribe: string[], publish: string[] = []): Promise<string> =>
  node.token('someone', { subscribe, publish });

/** The id of a token, as its holder can read it in the token. */
function idOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    jti: string;
  };
  return claims.jti;
}

describe('DELETE /api/v3/connections', () => {
  it('closes one connection by its address with 4009, and answers once it is out of the registry', async () => {
    const node = await startNode();
    const client = await dial(node, await node.token('ada', {}));
    const [shown] = await websockets(node);
    const { status, body } = await ask(
      node.url,
      `/connections/${client.address}`,
      await node.token(),
      DELETE,
    );
    expect([status, body]).toEqual([200, shown]);
    expect(await websockets(node)).toEqual([]);
    expect(await client.closed).toEqual({ code: 4009, reason: 'closed by an operator' });
    const again = await ask(node.url, `/connections/${client.address}`, await node.token(), DELETE);
    expect([again.status, again.body]).toMatchObject([404, { Type: 'DELETE', Code: 404 }]);
  });

  it('closes the connections that match the filters, and is refused without a filter', async () => {
    const node = await startNode();
    const clients = [];
    for (const name of ['ada', 'ada', 'bea']) clients.push(await dial(node, await node.token(name, {})));
    const token = await node.token();
    const refused = await ask(node.url, '/connections?sort=Principal', token, DELETE);
    expect([refused.status, (await websockets(node)).length]).toEqual([406, 3]);
    const { status, body } = await ask<Shown[]>(node.url, '/connections?Principal=user:ada', token, DELETE);
    expect([status, body.map(({ Principal }) => Principal)]).toEqual([200, ['user:ada', 'user:ada']]);
    expect((await websockets(node)).map(({ Principal }) => Principal)).toEqual(['user:bea']);
    for (const client of clients.slice(0, 2)) expect(await client.closed).toMatchObject({ code: 4009 });
  });

  it('is refused to a caller that may not publish the end of all of them', async () => {
    const node = await startNode();
    const { address } = await dial(node, await node.token('ada', {}));
    await dial(node, await node.token('bea', {}));
    const seeing = await may(node, ['connections.*.*']);
    const half = await may(node, ['connections.*.*'], ['connections.delete.user:ada']);
    const blind = await may(node, [], ['*.*.*']);
    const attempts = [
      [`/connections/${address}`, seeing, 403],
      ['/connections?Type=websocket', half, 403],
      [`/connections/${address}`, blind, 404],
    ] as const;
    for (const [path, token, status] of attempts) {
      const answer = await ask(node.url, path, token, DELETE);
      expect([answer.status, (await websockets(node)).length]).toEqual([status, 2]);
      expect(answer.body).toMatchObject({ Type: status === 403 ? 'AUTH' : 'DELETE', Code: status });
    }
    expect((await ask(node.url, `/connections/${address}`, half, DELETE)).status).toBe(200);
  });
});

describe('DELETE /api/v3/tokens/:id', () => {
  it('closes all connections that the token opened with 4001, and refuses the token from then on', async () => {
    const node = await startNode();
    const [ada, other] = [await node.token('ada', {}), await node.token('ada', {})];
    const [client, stays] = [await dial(node, ada), await dial(node, other)];
    const agent = keepAlive();
    await ask(node.url, '/info', ada, { agent });
    const answer = await ask(
      node.url,
      `/tokens/${idOf(ada)}?until=2099-01-01T00:00:00Z`,
      await node.token(),
      DELETE,
    );
    expect([answer.status, answer.body]).toEqual([200, { Id: idOf(ada), Until: '2099-01-01T00:00:00.000Z' }]);
    expect(await client.closed).toEqual({ code: 4001, reason: 'token revoked' });
    await expect(dial(node, ada)).rejects.toThrow('401');
    const refused = await ask(node.url, '/info', ada);
    expect([refused.status, refused.body]).toMatchObject([
      403,
      {
        Model: 'system',
        Messages: [expect.stringContaining('revoked'), 'See /docs/reference/errors#token_invalid'],
      },
    ]);
    expect((await websockets(node)).map(({ RemoteAddr }) => RemoteAddr)).toEqual([stays.address]);
    stays.send({ id: 1, command: 'auth', token: ada });
    expect(await stays.next()).toMatchObject({ action: 'error', object: { code: 'token_invalid' } });
  });

  it('is refused to a caller that may not publish the revocation, and for an unusable time', async () => {
    const node = await startNode();
    const only = await may(node, [], ['tokens.revoke.a']);
    expect((await ask(node.url, '/tokens/b', only, DELETE)).status).toBe(403);
    expect((await ask(node.url, '/tokens/a?until=tomorrow', only, DELETE)).status).toBe(400);
    const { status, body } = await ask<{ Until: string }>(node.url, '/tokens/a', only, DELETE);
    const days = (Date.parse(body.Until) - Date.now()) / 86_400_000;
    expect([status, Math.round(days)]).toEqual([200, 365]);
  });
});

describe('DELETE /api/v3/tokens?principal=', () => {
  it('closes all connections of the principal, and lets it sign in anew', async () => {
    const password = cheapHash('wonderland');
    const node = await startNode({ BELFRY_USERS: JSON.stringify([{ name: 'ada', password }]) });
    const basic = `Basic ${btoa('ada:wonderland')}`;
    const byPassword = (): Promise<TestClient> =>
      connect(`${node.url.replace('http', 'ws')}/native/ws`, { headers: { Authorization: basic } });
    const clients = [
      await dial(node, await node.token('ada', {})),
      await dial(node, await node.token('ada', {})),
      await byPassword(),
    ];
    const other = await dial(node, await node.token('bea', {}));
    const answer = await ask(node.url, '/tokens?principal=user:ada', await node.token(), DELETE);
    expect([answer.status, answer.body]).toMatchObject([200, { Id: 'user:ada' }]);
    for (const { closed } of clients) expect(await closed).toEqual({ code: 4001, reason: 'token revoked' });
    await byPassword();
    await dial(node, await node.token('ada', {}));
    expect(other.ws.readyState).toBe(other.ws.OPEN);
  });

  it('is permitted to the principal itself and to a caller that may publish the revocation, and refused without a principal', async () => {
    const node = await startNode();
    const [ada, bea] = [await node.token('ada', {}), await node.token('bea', {})];
    const path = '/tokens?principal=user:ada';
    expect((await ask(node.url, path, bea, DELETE)).status).toBe(403);
    expect((await ask(node.url, `/tokens/${idOf(ada)}`, bea, DELETE)).status).toBe(403);
    expect((await ask(node.url, '/tokens', await node.token(), DELETE)).status).toBe(406);
    expect((await ask(node.url, '/tokens/%09', await node.token(), DELETE)).status).toBe(406);
    expect((await ask(node.url, `/tokens/${idOf(bea)}`, bea, DELETE)).status).toBe(200);
    expect((await ask(node.url, path, ada, DELETE)).status).toBe(200);
  });
});

describe('the limits of connections', () => {
  it('turn one connection too many of a principal in a dialect away with 1013 and a reason, after the upgrade', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_PER_PRINCIPAL: '2' });
    const ada = await node.token('ada', {});
    const first = await dial(node, ada);
    await dial(node, ada);
    const third = await dial(node, ada);
    expect(await third.closed).toEqual({
      code: 1013,
      reason: expect.stringContaining('2 connections of user:ada') as string,
    });
    await dial(node, ada, '/api/v3/ws');
    await dial(node, await node.token('bea', {}));
    for (let n = 0; n < 3; n++) await dial(node, undefined, '/norn/ws');
    first.ws.close();
    await expect.poll(async () => (await websockets(node)).length).toBe(3);
    expect((await dial(node, ada)).ws.readyState).toBe(1);
    expect(await websockets(node)).toHaveLength(4);
  });

  it('apply to all clients of one address together, and not to REST', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_PER_ADDRESS: '2' });
    await dial(node, await node.token('ada', {}));
    await dial(node, undefined, '/norn/ws');
    const third = await dial(node, await node.token('bea', {}));
    expect(await third.closed).toMatchObject({ code: 1013 });
    expect(await websockets(node)).toHaveLength(1);
  });

  it('close a client with 1013 that exceeds them by its auth, and let a client within them renew its token', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_PER_PRINCIPAL: '1' });
    const ada = await node.token('ada', {});
    const first = await dial(node, ada);
    first.send({ id: 1, command: 'auth', token: await node.token('ada', {}) });
    expect(await first.next()).toMatchObject({ action: 'auth' });
    const second = await dial(node, undefined);
    second.send({ id: 1, command: 'auth', token: ada });
    expect(await second.closed).toMatchObject({ code: 1013 });
    expect(await websockets(node)).toHaveLength(1);
  });
});

describe('the connection of a handshake that fails', () => {
  it('is removed from the registry', async () => {
    const node = await startNode();
    const { hostname, port } = new URL(node.url);
    const headers = {
      Authorization: `Bearer ${await node.token('ada', {})}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'too short',
    };
    const status = await new Promise((resolve, reject) => {
      const sent = httpRequest({ hostname, port, path: '/native/ws', headers, agent: false });
      sent.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
      sent.end();
    });
    expect([status, await websockets(node)]).toEqual([400, []]);
  });
});

describe('the events of the registry', () => {
  it('say which client came, as whom it signed in and how it ended, live and by replay', async () => {
    const node = await startNode();
    const listener = await nativeClient(
      node.url,
      await node.token('op', { subscribe: ['connections.*.*'] }),
      ['connections.*.user:ada,unknown'],
    );
    const client = await dial(node, undefined);
    const created = await listener.next();
    expect(created).toMatchObject({
      type: 'connections',
      action: 'create',
      key: 'unknown',
      object: { RemoteAddr: client.address, Principal: 'unknown', ExpiresAt: null },
    });
    const ada = await node.token('ada', {});
    client.send({ id: 1, command: 'auth', token: ada });
    expect(await listener.next()).toMatchObject({
      action: 'update',
      key: 'user:ada',
      object: {
        RemoteAddr: client.address,
        Principal: 'user:ada',
        ExpiresAt: expect.stringMatching(/Z$/) as string,
      },
    });
    client.ws.close(1000);
    expect(await listener.next()).toMatchObject({
      action: 'delete',
      key: 'user:ada',
      object: { RemoteAddr: client.address, Reason: 'closed by the client (1000)' },
    });
    const lost = await dial(node, ada);
    await listener.next();
    lost.ws.terminate();
    expect(await listener.next()).toMatchObject({ object: { Reason: 'connection lost' } });
    const late = await nativeClient(node.url, await node.token(), ['connections.*.user:ada,unknown'], {
      since: '0-0',
    });
    const replayed = [];
    for (let n = 0; n < 4; n++) replayed.push((await late.next())['action']);
    // The coming of a client without a token is sent live only, since such clients must not write into the log.
    expect(replayed).toEqual(['update', 'delete', 'create', 'delete']);
    expect(listener.unread).toEqual([]);
  });
});
