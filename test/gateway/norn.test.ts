import { describe, expect, inject, it } from 'vitest';
import { connect, nativeClient, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

interface Told {
  readonly type: string;
  readonly appId: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const startNorn = (settings: Record<string, string> = {}): Promise<TestNode> =>
  startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=dorgu', ...settings });
const socketOf = (node: TestNode): string => `${node.url.replace('http', 'ws')}/ws`;

const tell = (type: string, payload: Told['payload'] = {}, appId = 'shop'): Told => ({
  type,
  appId,
  payload,
});

async function post(node: TestNode, ...events: readonly object[]): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(204);
}

const SAGA = '7d1f-42';
/** Events with values of every kind: those of the document, of its server, and of the version before it. */
const EVENTS: readonly Told[] = [
  tell('deploy.step', { step: 'build', sagaId: SAGA, status: 'running' }),
  tell('deploy.step', {
    step: 'build',
    sagaId: SAGA,
    status: 'complete',
    index: '2',
    total: '9',
    durationMs: '840',
  }),
  tell('deploy.step', { step: 'test', sagaId: SAGA, status: 'failed' }),
  tell('deploy.progress', { sagaId: SAGA, message: '1 of 2 allocations healthy' }),
  tell('deploy.progress', {
    step: 'healthy',
    message: 'pending',
    allocId: 'a',
    node: 'n',
    allocStatus: 'pending',
  }),
  tell('deploy.completed', { sagaId: SAGA, imageTag: 'shop:7' }),
  tell('deploy.failed', { sagaId: SAGA, error: 'exit status 1' }),
  tell('app.restarted', { sagaId: SAGA }),
  tell('app.scaled', { sagaId: SAGA, group: 'web', count: '4' }),
  tell('function.completed', { executionId: 'e1', status: 'complete' }),
  tell('preflight.step', { step: 'clone', sagaId: SAGA, status: 'running', index: '2', total: '5' }),
  tell('preflight.progress', {
    sagaId: SAGA,
    message: 'no port',
    severity: 'warning',
    field: 'port',
    step: 'inspect',
  }),
  tell('snapshot.restored', { database: 'shop', snapshot: 's1', timestamp: '2025-01-15T10:30:00Z' }),
  tell(
    'beacon.event',
    { id: 'b', severity: 'info', title: 'a < b & c', body: '', metadata: { n: 1.5, ok: true } },
    '',
  ),
  tell('app.scaled', { replicas: 3 }),
  tell('health.check', { id: 'h', healthy: false, responseMs: 12, checkedAt: '2025-01-15T10:30:00Z' }),
];

describe('a norn client', () => {
  it('connects as the document says, without credentials, and is sent nothing at first', async () => {
    const node = await startNorn();
    const client = await connect(socketOf(node));
    const answered = new Promise((resolve) => client.ws.once('pong', resolve));
    client.ws.ping();
    await answered;
    expect(client.unread).toEqual([]);
    expect(client.ws.extensions).toBe('');
    expect(client.ws.protocol).toBe('');
  });

  it('connects under the name of the dialect on the listener of another', async () => {
    const node = await startNorn();
    const dorgu = node.listening.find(({ dialect }) => dialect === 'dorgu')?.url ?? '';
    const client = await connect(`${dorgu.replace('http', 'ws')}/norn/ws`);
    await post(node, EVENTS[7] ?? {});
    expect(await client.next()).toEqual(EVENTS[7]);
  });

  it('receives every event as it was published, one object in each frame', async () => {
    const node = await startNorn();
    const client = await connect(socketOf(node));
    await post(node, ...EVENTS);
    for (const event of EVENTS) expect(await client.nextText()).toBe(JSON.stringify(event));
    expect(client.unread).toEqual([]);
  });

  it('receives an event that was published in another format, with a payload that is never null', async () => {
    const node = await startNorn();
    const client = await connect(socketOf(node));
    await post(node, { type: 'app', action: 'restarted', key: 'shop', object: null });
    await post(node, { Type: 'deploy', Action: 'step', Key: 'shop', Object: { sagaId: SAGA } });
    await post(node, { type: 'app.restarted', appId: 'shop', payload: null });
    expect(await client.next()).toEqual(tell('app.restarted'));
    expect(await client.next()).toEqual(tell('deploy.step', { sagaId: SAGA }));
    expect(await client.next()).toEqual(tell('app.restarted'));
  });

  it('publishes events that others receive as events of the hub', async () => {
    const node = await startNorn();
    const native = await nativeClient(node.url, await node.token(), ['deploy.*.shop']);
    await post(node, EVENTS[0] ?? {});
    expect(await native.next()).toMatchObject({
      type: 'deploy',
      action: 'step',
      key: 'shop',
      object: EVENTS[0]?.payload,
    });
  });

  it('receives nothing of other systems, with any token', async () => {
    const node = await startNorn();
    const token = await node.token();
    const clients = [
      await connect(socketOf(node)),
      await connect(`${socketOf(node)}?token=${token}`),
      await connect(`${socketOf(node)}?token=nonsense`),
      await connect(socketOf(node), { headers: { Authorization: 'Basic nonsense' } }),
    ];
    const others = ['machines', 'cluster', 'deployment', 'container', 'profiles'];
    await post(
      node,
      ...others.map((type) => ({ type, action: 'added', key: 'x', object: {} })),
      EVENTS[5] ?? {},
    );
    for (const client of clients) expect(await client.next()).toEqual(EVENTS[5]);
  });

  it('may send anything, and gets no answer', async () => {
    const node = await startNorn();
    const client = await connect(socketOf(node));
    for (const text of ['hello', '', '{"id":1,"command":"subscribe","patterns":["*.*.*"]}', 'register *.*.*'])
      client.send(text);
    client.ws.send(Buffer.from([0, 255]), { binary: true });
    await post(node, { type: 'machines', action: 'update', key: 'm', object: {} }, EVENTS[5] ?? {});
    expect(await client.next()).toEqual(EVENTS[5]);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('belfry_commands_total 5');
    expect(metrics).not.toMatch(/^belfry_rejected_total\{/m);
  });

  it('is answered a close with the same code', async () => {
    const client = await connect(socketOf(await startNorn()));
    client.ws.close(1000);
    expect(await client.closed).toEqual({ code: 1000, reason: '' });
  });
});

describe('the norn command line', () => {
  const step = (name: string, status: string): Told =>
    tell('deploy.step', { step: name, sagaId: SAGA, status });

  /** The loop of Norn's CLI: it ignores other sagas, and the end of its own saga ends it. */
  async function follow(client: TestClient, sagaId: string): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const { type, payload } = (await client.next()) as unknown as Told;
      if (payload['sagaId'] !== sagaId) continue;
      lines.push([type, payload['step'], payload['status']].filter(Boolean).join(' '));
      if (/\.(completed|failed)$/.test(type)) return lines;
    }
  }

  it('posts its deploy, then connects, and misses nothing in between', async () => {
    const node = await startNorn();
    const old = { sagaId: 'old' };
    await post(node, tell('deploy.step', old), tell('deploy.completed', old));
    await post(node, step('clone', 'running'), step('clone', 'complete'), step('build', 'running'));
    const followed = follow(await connect(socketOf(node)), SAGA);
    await post(
      node,
      step('build', 'complete'),
      tell('deploy.completed', { sagaId: SAGA, imageTag: 'shop:8' }),
    );
    expect(await followed).toEqual([
      'deploy.step clone running',
      'deploy.step clone complete',
      'deploy.step build running',
      'deploy.step build complete',
      'deploy.completed',
    ]);
    const late = await connect(socketOf(node));
    expect(await follow(late, SAGA)).toEqual(await followed);
  });

  it('misses nothing on a node that started later than the one to which it posted', async () => {
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
    const first = await startNorn(settings);
    await post(first, step('clone', 'running'), tell('app.restarted'), step('clone', 'complete'));
    const second = await startNorn(settings);
    const followed = follow(await connect(socketOf(second)), SAGA);
    await post(first, tell('deploy.failed', { sagaId: SAGA, error: 'exit status 1' }));
    expect(await followed).toEqual([
      'deploy.step clone running',
      'deploy.step clone complete',
      'deploy.failed',
    ]);
    const late = await connect(socketOf(second));
    expect(await follow(late, SAGA)).toEqual(await followed);
    const page = await connect(socketOf(second), { headers: { Origin: 'http://localhost:5173' } });
    expect(await page.next()).toMatchObject({ type: 'deploy.failed', payload: { sagaId: SAGA } });
    await post(first, tell('app.restarted'));
    expect(await page.next()).toEqual(tell('app.restarted'));
  });
});
