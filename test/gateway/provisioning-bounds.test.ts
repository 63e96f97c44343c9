import { describe, expect, it } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { connect, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { anEvent, heardSoFar, PLAIN, provisioningClient, publish } from './provisioning-helpers.ts';

function startProvisioningNode(settings: Record<string, string> = {}): Promise<TestNode> {
  return startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning', ...settings });
}

const short = (node: TestNode, ttlS: number): Promise<string> =>
  signToken(node.config, { subject: 'ann', roles: [], ttlS });

const get = (node: TestNode, path: string): Promise<Response> => fetch(`${node.url}${path}`);

describe('a provisioning token', () => {
  it.each(['/ws', '/metrics', '/logs', '/provisioning/ws'])(
    'is refused with 401 before the upgrade of %s when it is not valid',
    async (path) => {
      const node = await startProvisioningNode();
      await expect(provisioningClient(node, path, 'x.y.z')).rejects.toThrow('refused with 401');
      const expired = await signToken(node.config, { subject: 'ann', roles: [], ttlS: -10 });
      await expect(provisioningClient(node, path, expired)).rejects.toThrow('refused with 401');
      expect(await (await get(node, `${path === '/metrics' ? '/ws' : path}?token=x.y.z`)).text()).toBe(
        'Unauthorized',
      );
    },
  );

  it('may come in the header', async () => {
    const node = await startProvisioningNode();
    const headers = { Authorization: `Bearer ${await node.token()}` };
    const client = await provisioningClient(node, '/ws', '', { headers });
    await publish(node, anEvent('LogEntry'));
    expect(await client.next()).toMatchObject({ event_type: 'LogEntry' });
  });

  it('may come after the connection, and then the subscriptions of the URL begin', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws?events=task,system,Tick&batch_size=1', '');
    const all = ['TaskStatusChanged', 'SystemHealthUpdate', 'Tick', 'Tock'].map((type) => anEvent(type));
    await publish(node, all);
    client.send({ type: 'auth', token: await node.token('ann', PLAIN) });
    expect(await client.next()).toEqual({
      type: 'authenticated',
      principal: 'user:ann',
      expires_at: expect.stringMatching(/^\d{4}-.+Z$/) as string,
    });
    await publish(node, all);
    expect(await heardSoFar(client)).toMatchObject([
      { event_type: 'TaskStatusChanged' },
      { event_type: 'Tick' },
    ]);
  });

  it('permits more when a later one grants more', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws', await node.token('ann', PLAIN));
    await publish(node, anEvent('SystemHealthUpdate'));
    expect(await heardSoFar(client)).toEqual([]);
    client.send({ type: 'auth', token: await node.token() });
    await client.next();
    await publish(node, anEvent('SystemHealthUpdate'));
    expect(await client.next()).toMatchObject({ event_type: 'SystemHealthUpdate' });
  });

  it('closes the connection with 1008 when it comes later and is not valid', async () => {
    const node = await startProvisioningNode();
    for (const first of [await node.token(), '']) {
      const client = await provisioningClient(node, '/ws', first);
      client.send({ type: 'auth', token: 'x.y.z' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'token_invalid' });
      expect(await client.closed).toMatchObject({ code: 1008 });
    }
  });

  it('closes the connection with 4001 when it expires, unless it was renewed', async () => {
    const node = await startProvisioningNode();
    const token = await short(node, 2);
    const [renewed, forgotten] = [
      await provisioningClient(node, '/ws', token),
      await provisioningClient(node, '/ws', token),
    ];
    renewed.send({ type: 'auth', token: await short(node, 600) });
    expect(await renewed.next()).toMatchObject({ type: 'authenticated' });
    expect(await forgotten.closed).toEqual({ code: 4001, reason: 'token expired' });
    expect(await heardSoFar(renewed)).toEqual([]);
  });
});

describe('the limits of provisioning', () => {
  it('permit 10 connections of a user on all its sockets, and the next is closed with 1013 and a sentence', async () => {
    const node = await startProvisioningNode();
    const token = await node.token('ann', PLAIN);
    const paths = ['/ws', '/metrics'];
    const ten: TestClient[] = [];
    for (let n = 0; n < 10; n++) ten.push(await provisioningClient(node, paths[n % 2], token));
    const eleventh = await provisioningClient(node, '/ws', token);
    expect(await eleventh.closed).toEqual({ code: 1013, reason: expect.stringMatching(/ \w+ /) as string });
    await provisioningClient(node, '/ws', await node.token('bea', PLAIN));
    await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${token}`);
    ten[0]?.ws.close();
    await ten[0]?.closed;
    await expect.poll(() => node.hub.connections.size).toBe(11);
    expect(await heardSoFar(await provisioningClient(node, '/ws', token))).toEqual([]);
  });

  it('permit 10 connections of a user also when the token comes later', async () => {
    const node = await startProvisioningNode();
    const token = await node.token('ann', PLAIN);
    for (let n = 0; n < 10; n++) await provisioningClient(node, '/ws', token);
    const eleventh = await provisioningClient(node, '/ws', '');
    eleventh.send({ type: 'auth', token });
    expect(await eleventh.closed).toMatchObject({ code: 1013 });
  });

  it('permit 100 messages a second, and a client that sends more is closed with 4029 and a sentence', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    for (let n = 0; n < 250; n++) client.send({ type: 'ping' });
    expect(await client.closed).toEqual({ code: 4029, reason: 'rate limit: too many commands' });
    expect(client.unread.length).toBeGreaterThanOrEqual(100);
    expect(client.unread.length).toBeLessThanOrEqual(200);
  });

  it('permit 50 subscriptions, and one more is refused with a code and a sentence while the rest stays', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    const events = Array.from({ length: 50 }, (_none, n) => `Tick${n}`);
    client.send({ type: 'subscribe', events });
    expect(await client.next()).toEqual({ type: 'subscribed', events });
    client.send({ type: 'subscribe', events: ['task'] });
    expect(await client.next()).toEqual({
      type: 'error',
      code: 'subscriptions_exceeded',
      message: 'That would make 51 subscriptions. Expected at most 50 a connection.',
      see: '/docs/reference/errors#subscriptions_exceeded',
    });
    client.send({ type: 'unsubscribe', events: ['Tick7'] });
    client.send({ type: 'subscribe', events: ['task'] });
    expect([await client.next(), await client.next()]).toMatchObject([
      { type: 'unsubscribed' },
      { type: 'subscribed' },
    ]);
  });

  it('apply to the subscriptions of the URL too', async () => {
    const node = await startProvisioningNode();
    const events = Array.from({ length: 51 }, (_none, n) => `Tick${n}`).join();
    const client = await provisioningClient(node, `/ws?events=${events}`);
    expect(await client.next()).toMatchObject({ type: 'error', code: 'subscriptions_exceeded' });
  });
});

describe('the sockets /metrics and /logs of provisioning', () => {
  it('open on every listener', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=drp' });
    for (const path of ['/metrics', '/logs', '/provisioning/ws']) {
      expect(await heardSoFar(await provisioningClient(node, path))).toEqual([]);
    }
  });

  it('stream metrics on /metrics, where a plain GET reads the metrics of the node', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/metrics', await node.token('ann', PLAIN));
    for (const type of ['LogEntry', 'MetricUpdate']) await publish(node, anEvent(type, { value: 180.5 }));
    expect(await client.next()).toEqual(anEvent('MetricUpdate', { value: 180.5 }));
    const page = await get(node, '/metrics');
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/plain'),
    ]);
    expect(await page.text()).toContain('belfry_connections{dialect="provisioning",principal_kind="user"} 1');
  });

  it('stream log entries on /logs by level, component and text, and answer a plain GET with 400', async () => {
    const node = await startProvisioningNode();
    const token = await node.token('ann', { roles: ['developer'] });
    const client = await provisioningClient(
      node,
      '/logs?level=ERROR,WARN&component=dns&search=EXPIRES',
      token,
    );
    const entries = [
      { level: 'WARN', component: 'dns', message: 'zone expires' },
      { level: 'INFO', component: 'dns', message: 'zone expires' },
      { level: 'WARN', component: 'mail', message: 'zone expires' },
      { level: 'ERROR', component: 'dns', message: 'no route' },
    ];
    await publish(
      node,
      entries.map((entry) => anEvent('LogEntry', entry)),
    );
    expect(await heardSoFar(client)).toEqual([anEvent('LogEntry', entries[0])]);
    expect((await get(node, `/logs?token=${token}`)).status).toBe(400);
  });

  it('tell a client that it may not receive the logs', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/logs', await node.token('ann', PLAIN));
    expect(await client.next()).toMatchObject({ type: 'error', code: 'forbidden' });
  });
});
