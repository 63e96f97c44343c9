import { describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/model/password.ts';
import { connect, drpClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

const EVENT = { Type: 'profiles', Action: 'save', Key: 'global', Object: { Name: 'global' } };

async function startDrpNode(settings: Record<string, string> = {}): Promise<TestNode> {
  const users = [{ name: 'rocket', password: await hashPassword('skates'), roles: ['admin'] }];
  return startNode({ BELFRY_USERS: JSON.stringify(users), ...settings });
}

function post(
  node: TestNode,
  token: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('a drp session', () => {
  it('makes the calls of drpcli events watch, in their order, over TLS with a self-signed certificate', async () => {
    const node = await startDrpNode({ BELFRY_LISTEN: '127.0.0.1:0=drp+tls,127.0.0.1:0=drp' });
    const secure = node.listening.find(({ tls }) => tls)?.url ?? '';
    const basic = `Basic ${Buffer.from('rocket:skates').toString('base64')}`;
    const first = await fetch(`${node.url}/api/v3/users/rocket/token`, { headers: { Authorization: basic } });
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const { Token } = (await first.json()) as { Token: string };
    const second = await fetch(`${node.url}/api/v3/users/rocket/token?ttl=7200`, {
      headers: { Authorization: `Bearer ${Token}` },
    });
    const session = ((await second.json()) as { Token: string }).Token;
    expect(session).toMatch(/^[^: ]+$/);

    const client = await connect(`${secure.replace('http', 'ws')}/api/v3/ws`, {
      headers: { Authorization: `Bearer ${session}` },
    });
    client.send('register profiles.*.*');
    const ack = await client.nextText();
    expect(ack).toMatch(
      /^\{"Time":"[^"]+","Type":"websocket","Action":"register","Key":"profiles\.\*\.\*","Principal":"","Object":null,"Original":null\}$/,
    );

    const posted = await post(node, session, {
      Time: '0001-01-01T00:00:00Z',
      ...EVENT,
      Principal: 'user:forged',
      Original: null,
    });
    expect([posted.status, posted.headers.get('content-type'), await posted.text()]).toEqual([
      204,
      'application/json',
      '',
    ]);
    const heard = await client.nextText();
    expect(Object.keys(JSON.parse(heard) as object)).toEqual([
      'Time',
      'Type',
      'Action',
      'Key',
      'Principal',
      'Object',
      'Original',
    ]);
    expect(JSON.parse(heard)).toMatchObject({ ...EVENT, Principal: 'user:rocket', Original: null });
  });

  it.each([
    ['Bearer', (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
    [
      'Basic',
      () => ({ headers: { Authorization: `Basic ${Buffer.from('rocket:skates').toString('base64')}` } }),
    ],
  ])('opens with %s in the header', async (_name, options) => {
    const node = await startDrpNode();
    const client = await connect(`${node.url.replace('http', 'ws')}/api/v3/ws`, options(await node.token()));
    client.send('register a.b.c');
    expect(await client.next()).toMatchObject({ Type: 'websocket', Action: 'register', Key: 'a.b.c' });
  });

  it.each([
    ['token', async (node: TestNode) => node.token()],
    ['Token', async (node: TestNode) => node.token()],
    ['token', async () => 'rocket:skates'],
  ])('opens with the query ?%s=', async (name, value) => {
    const node = await startDrpNode();
    const client = await connect(`${node.url.replace('http', 'ws')}/api/v3/ws?${name}=${await value(node)}`);
    client.send('deregister a.b.c');
    expect(await client.next()).toMatchObject({ Action: 'deregister', Key: 'a.b.c' });
  });

  it('gets no answer to a text that is no command, and an ack for the next command', async () => {
    const node = await startDrpNode();
    const client = await drpClient(node.url, await node.token(), []);
    for (const frame of [
      '',
      'register',
      'register\ta.b.c',
      'subscribe a.b.c',
      'REGISTER a.b.c',
      '{"command":"ping"}',
    ])
      client.send(frame);
    client.ws.send(Buffer.from('register a.b.c'), { binary: true });
    client.send('register  a.b.c ');
    expect(await client.next()).toMatchObject({ Action: 'register', Key: ' a.b.c' });
  });

  it('gets acks for duplicates, for commands without effect, for filters that match nothing, and beyond its grants', async () => {
    const node = await startDrpNode();
    const client = await drpClient(node.url, await node.token('ann', { subscribe: ['a.*.*'] }), []);
    const filters = ['a.*.*', 'a.*.*', 'nonsense', 'machines.*.*'];
    for (const filter of filters) client.send(`register ${filter}`);
    for (const filter of filters)
      expect(await client.next()).toMatchObject({ Action: 'register', Key: filter });
    client.send('deregister never.*.*');
    expect(await client.next()).toMatchObject({ Action: 'deregister', Key: 'never.*.*' });
  });

  it('receives an event once, however many of its filters match', async () => {
    const node = await startDrpNode();
    const token = await node.token();
    const client = await drpClient(node.url, token, [
      'profiles.*.*',
      '*.save.*',
      'profiles,machines.save.global',
    ]);
    await post(node, token, [EVENT, { ...EVENT, Key: 'other' }]);
    expect([await client.next(), await client.next()].map(({ Key }) => Key)).toEqual(['global', 'other']);
  });

  it('receives only the events that its grants permit', async () => {
    const node = await startDrpNode();
    const client = await drpClient(node.url, await node.token('ann', { subscribe: ['machines.*.*'] }), [
      '*.*.*',
    ]);
    await post(node, await node.token(), [EVENT, { ...EVENT, Type: 'machines' }]);
    expect(await client.next()).toMatchObject({ Type: 'machines' });
  });

  it.each([
    ['nothing', {}, 401, '', 'dr-provision'],
    ['another scheme', { Authorization: 'Digest x' }, 401, '', 'dr-provision'],
    [
      'Basic without a colon',
      { Authorization: `Basic ${Buffer.from('rocket').toString('base64')}` },
      401,
      '',
      'dr-provision',
    ],
    [
      'a wrong password',
      { Authorization: `Basic ${Buffer.from('rocket:wrong').toString('base64')}` },
      403,
      '{"Model":"users","Key":"","Type":"","Messages":["Access Denied"],"Code":403}',
      null,
    ],
  ])(
    'is refused %s in the same way at the socket and by REST',
    async (_name, headers, status, body, challenge) => {
      const node = await startDrpNode();
      for (const path of ['/api/v3/ws', '/api/v3/info']) {
        const response = await fetch(`${node.url}${path}`, { headers });
        expect([response.status, await response.text(), response.headers.get('www-authenticate')]).toEqual([
          status,
          body,
          challenge,
        ]);
      }
      await expect(connect(`${node.url.replace('http', 'ws')}/api/v3/ws`, { headers })).rejects.toThrow(
        `refused with ${status}`,
      );
    },
  );

  it('is refused a bad token with 403, the challenge and no echo of the token', async () => {
    const node = await startDrpNode();
    const response = await fetch(`${node.url}/api/v3/info`, {
      headers: { Authorization: 'Bearer secret-looking' },
    });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([403, 'dr-provision']);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ Model: 'system', Code: 403 });
    expect(body).not.toContain('secret-looking');
  });

  it('is answered 400 when it is authenticated and sends no handshake', async () => {
    const node = await startDrpNode();
    const response = await fetch(`${node.url}/api/v3/ws?token=${await node.token()}`);
    expect([response.status, await response.text(), response.headers.get('sec-websocket-version')]).toEqual([
      400,
      'Bad Request',
      '13',
    ]);
  });
});

describe('the drp REST side', () => {
  it.each([
    ['GET', '/api/v3/nowhere', {}, 404, 'No route'],
    ['GET', '/api/v3/users/rocket/token?ttl=soon', {}, 400, 'positive whole number'],
    ['GET', '/api/v3/users/rocket/token?ttl=0', {}, 400, 'positive whole number'],
    ['GET', '/api/v3/users/nobody/token', {}, 404, 'Not Found'],
    ['GET', '/api/v3/info', { Accept: 'application/xml' }, 406, 'Accept'],
    ['POST', '/api/v3/events', { 'Content-Type': 'text/plain' }, 400, 'Invalid content type: text/plain'],
  ])(
    'answers %s %s with the status and body of its errors',
    async (method, path, headers, status, message) => {
      const node = await startDrpNode();
      const response = await fetch(`${node.url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
        ...(method === 'POST' && { body: '{}' }),
      });
      const body = (await response.json()) as { Messages: string[] };
      expect(body).toMatchObject({ Model: '', Key: '', Type: method, Code: status });
      expect([response.status, body.Messages.join(' ')]).toEqual([status, expect.stringContaining(message)]);
    },
  );

  it('describes the node, in the lower-case fields of drp', async () => {
    const node = await startDrpNode();
    const response = await fetch(`${node.url}/api/v3/info?token=${await node.token()}`);
    expect(await response.json()).toMatchObject({
      id: node.config.node,
      api_port: Number(new URL(node.url).port),
      os: process.platform,
    });
  });

  it('gives a user no token of another user, and gives an admin a token of any user', async () => {
    const users = [{ name: 'ben', password: await hashPassword('secret'), subscribe: ['a.*.*'] }];
    const node = await startNode({ BELFRY_USERS: JSON.stringify(users) });
    const refused = await fetch(
      `${node.url}/api/v3/users/ben/token?token=${await node.token('ann', { roles: [] })}`,
    );
    expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ Type: 'AUTH' })]);
    const given = await fetch(`${node.url}/api/v3/users/ben/token?token=${await node.token()}`);
    const { Token } = (await given.json()) as { Token: string };
    const client = await drpClient(node.url, Token, ['*.*.*']);
    await post(node, await node.token(), [EVENT, { ...EVENT, Type: 'a' }]);
    expect(await client.next()).toMatchObject({ Type: 'a' });
  });

  it('publishes all events of a list or none', async () => {
    const node = await startDrpNode();
    const token = await node.token();
    const client = await drpClient(node.url, token, ['profiles.*.*']);
    const refused = await post(node, token, [EVENT, { Type: 'x' }]);
    expect(refused.status).toBe(422);
    await post(node, token, { ...EVENT, Key: 'after' });
    expect(await client.next()).toMatchObject({ Key: 'after' });
  });

  it('publishes once under an Idempotency-Key, and answers the same ids again', async () => {
    const node = await startDrpNode();
    const token = await node.token();
    const client = await drpClient(node.url, token, ['profiles.*.*']);
    const [one, two] = [
      await post(node, token, EVENT, { 'Idempotency-Key': 'k' }),
      await post(node, token, EVENT, { 'Idempotency-Key': 'k' }),
    ];
    expect(one.headers.get('belfry-event-ids')).toMatch(/^\d+-\d+$/);
    expect(two.headers.get('belfry-event-ids')).toBe(one.headers.get('belfry-event-ids'));
    await post(node, token, { ...EVENT, Key: 'after' });
    expect([await client.next(), await client.next()].map(({ Key }) => Key)).toEqual(['global', 'after']);
  });

  it('refuses an Idempotency-Key that was used for another body, also with a file name of another length', async () => {
    const node = await startDrpNode();
    const [ann, annCi] = [await node.token('ann'), await node.token('ann:ci')];
    const under = async (token: string, key: string, Key: string): Promise<number> =>
      (await post(node, token, { ...EVENT, Key }, { 'Idempotency-Key': key })).status;
    expect(await under(ann, 'ci:42', 'one')).toBe(204);
    expect(await under(ann, 'ci:42', 'two')).toBe(422);
    expect(await under(annCi, '42', 'two')).toBe(204);
    expect(await under(ann, 'ci:42', 'one')).toBe(204);
  });

  it('refuses an event in another format than the named one', async () => {
    const node = await startDrpNode();
    const token = await node.token();
    for (const [dialect, status] of [
      ['drp', 204],
      ['native', 422],
      ['klingon', 400],
    ] as const) {
      const response = await fetch(`${node.url}/api/v3/events?dialect=${dialect}&token=${token}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(EVENT),
      });
      expect([dialect, response.status]).toEqual([dialect, status]);
    }
  });
});
