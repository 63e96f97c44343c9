import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { connect, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

const socketOf = (node: TestNode, path: string): string => `${node.url.replace('http', 'ws')}${path}`;

async function publish(node: TestNode, ...events: readonly object[]): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(204);
}

const anEvent = (topic: string, object: object = {}): object => {
  const [type, action, key] = topic.split('.');
  return { type, action, key, object };
};

/**
 * The number of events that each client receives of these topics. A round trip follows them, so that none is missed.
 */
async function heardBy(node: TestNode, clients: readonly TestClient[], topics: string[]): Promise<number[]> {
  await publish(node, ...topics.map((topic) => anEvent(topic, { message: 'x' })));
  const pongs = clients.map(({ ws }) => {
    ws.ping();
    return once(ws, 'pong');
  });
  await Promise.all(pongs);
  return clients.map(({ unread }) => unread.length);
}

describe('a client without a token', () => {
  it('receives the events of norn and dorgu that their documents promise, and none of another dialect', async () => {
    const node = await startNode();
    await publish(node, anEvent('cluster.added.prod', { name: 'prod' }));
    await connect(socketOf(node, '/norn/ws'));
    await connect(socketOf(node, '/dorgu/ws'));
    expect(await (await fetch(`${node.url}/api/clusters`)).json()).toMatchObject({
      clusters: [{ name: 'prod' }],
    });
    for (const path of ['/api/v3/ws', '/ws/metrics', '/ws/container/logs?appId=1'])
      await expect(connect(socketOf(node, path))).rejects.toThrow('refused with 401');
    const waiting = [
      await connect(socketOf(node, '/native/ws?pattern=*.*.*')),
      await connect(socketOf(node, '/provisioning/ws')),
    ];
    const topics = ['task.status_changed.t1', 'deploy.step.shop', 'cluster.updated.prod'];
    expect(await heardBy(node, waiting, topics)).toEqual([1, 0]);
    expect(waiting[0]?.unread[0]).toContain('"forbidden"');
  });

  it('receives nothing when BELFRY_ANONYMOUS is none, and a client with a token then receives the same as before', async () => {
    const node = await startNode({ BELFRY_ANONYMOUS: 'none' });
    await publish(node, anEvent('cluster.added.prod', { name: 'prod' }));
    const token = await node.token('ann', {});
    for (const [path, topic] of [
      ['/norn/ws', 'deploy.step.shop'],
      ['/dorgu/ws', 'cluster.updated.prod'],
    ] as const) {
      await expect(connect(socketOf(node, path))).rejects.toThrow('refused with 401');
      await expect(connect(socketOf(node, `${path}?token=x.y.z`))).rejects.toThrow('refused with 403');
      const client = await connect(socketOf(node, `${path}?token=${token}`));
      await publish(node, anEvent(topic));
      expect(JSON.parse(await client.nextText())).toMatchObject({ type: expect.any(String) as string });
    }
    const refused = await fetch(`${node.url}/api/clusters`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="belfry"']);
    expect((await fetch(`${node.url}/api/clusters/prod?token=${token}`)).status).toBe(200);
  });
});

it('cannot keep a norn socket that needed a token, once that token is revoked or ends', async () => {
  const node = await startNode({ BELFRY_ANONYMOUS: 'dorgu' });
  const client = await connect(socketOf(node, `/norn/ws?token=${await node.token('ann', {})}`));
  await fetch(`${node.url}/api/v3/tokens?principal=user:ann&token=${await node.token()}`, {
    method: 'DELETE',
  });
  expect(await client.closed).toEqual({ code: 4001, reason: 'token revoked' });
});

describe('a token that names patterns', () => {
  it('receives only what matches them in every dialect, even if the token names only patterns to publish', async () => {
    const node = await startNode();
    const topics = ['task.status_changed.t1', 'deploy.step.shop', 'container.log.1', 'cluster.updated.prod'];
    const paths = ['/provisioning/ws?', '/norn/ws?', '/dorgu/ws?', '/mist/api/ws/container/stats?appId=1&'];
    const publisher = await node.token('ci', { publish: ['task.*.*'] });
    const nobody = await node.token('eve', { subscribe: [] });
    for (const token of [publisher, nobody]) {
      const deaf = await Promise.all(
        paths.slice(0, 3).map((path) => connect(socketOf(node, `${path}token=${token}`))),
      );
      expect(await heardBy(node, deaf, topics)).toEqual([0, 0, 0]);
      const mist = await connect(socketOf(node, `${paths[3]}token=${token}`));
      expect(await mist.next()).toMatchObject({ data: { message: 'Permission denied' } });
    }
  });

  it('sees the clusters that match them, and no others', async () => {
    const node = await startNode();
    await publish(node, ...['prod', 'test'].map((name) => anEvent(`cluster.added.${name}`, { name })));
    const token = await node.token('ann', { subscribe: ['cluster.*.test'] });
    const seen = await fetch(`${node.url}/api/clusters?token=${token}`);
    expect(await seen.json()).toMatchObject({ clusters: [{ name: 'test' }] });
    expect((await fetch(`${node.url}/api/clusters/prod?token=${token}`)).status).toBe(404);
    const other = await node.token('ci', { publish: ['cluster.*.*'] });
    const none = await fetch(`${node.url}/api/clusters`, { headers: { Authorization: `Bearer ${other}` } });
    expect(await none.json()).toEqual({ clusters: [] });
  });
});

it('a dialect that is not served has no paths, sockets or documents', async () => {
  const node = await startNode({ BELFRY_DIALECTS: 'native,drp' });
  const paths = [
    '/norn/ws',
    '/dorgu/ws',
    '/provisioning/ws',
    '/metrics',
    '/logs',
    '/ws/metrics',
    '/mist/ws/metrics',
  ];
  for (const path of paths) await expect(connect(socketOf(node, path))).rejects.toThrow('refused with 404');
  for (const path of ['/norn/ws', '/api/clusters', '/api/clusters/prod', '/logs'])
    expect([path, (await fetch(`${node.url}${path}`)).status]).toEqual([path, 404]);
  expect((await fetch(`${node.url}/metrics`)).status).toBe(200);
  const { channels } = (await (await fetch(`${node.url}/asyncapi.json`)).json()) as { channels: object };
  const sockets = Object.keys(channels).filter((name) => name.startsWith('hub.'));
  expect(sockets.toSorted()).toEqual(['hub.api.v3.ws', 'hub.drp.ws', 'hub.native.ws', 'hub.ws']);
  await connect(socketOf(node, `/native/ws?token=${await node.token()}`));
});
