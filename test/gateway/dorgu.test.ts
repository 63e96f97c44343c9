import { describe, expect, it, onTestFinished } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';
import { connect, nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

interface Told {
  readonly type: string;
  readonly data: { readonly name: string };
}

const startDorgu = (settings: Record<string, string> = {}): Promise<TestNode> =>
  startNode({ BELFRY_LISTEN: '127.0.0.1:0=dorgu,127.0.0.1:0=norn', ...settings });
const socketOf = (node: TestNode): string => `${node.url.replace('http', 'ws')}/ws`;

const tell = (action: string, name = 'prod-eu'): Told => ({ type: `cluster.${action}`, data: { name } });

async function post(node: TestNode, ...events: readonly object[]): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(204);
}

describe('a dorgu client', () => {
  it('connects as the document says, without credentials, and is sent nothing at first when no cluster is known', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    const answered = new Promise((resolve) => client.ws.once('pong', resolve));
    client.ws.ping();
    await answered;
    expect(client.unread).toEqual([]);
    expect(client.ws.extensions).toBe('');
  });

  it('is sent at first the cluster that changed last, and no other', async () => {
    const node = await startDorgu();
    await post(node, tell('added'), tell('added', 'stage'), tell('updated'), {
      type: 'deploy.step',
      appId: 'a',
      payload: {},
    });
    const client = await connect(socketOf(node));
    expect(await client.next()).toEqual(tell('updated'));
    await post(node, tell('added', 'test'));
    expect(await client.next()).toEqual(tell('added', 'test'));
    const second = await connect(socketOf(node));
    expect(await second.next()).toEqual(tell('updated', 'test'));
  });

  it('is sent at first the deletion of a cluster, if that was the last change', async () => {
    const node = await startDorgu();
    await post(node, tell('added'), tell('deleted'));
    const client = await connect(socketOf(node));
    expect(await client.next()).toEqual(tell('deleted'));
  });

  it('connects under the name of the dialect on the listener of another', async () => {
    const node = await startDorgu();
    const norn = node.listening.find(({ dialect }) => dialect === 'norn')?.url ?? '';
    const client = await connect(`${norn.replace('http', 'ws')}/dorgu/ws`);
    await post(node, tell('updated'));
    expect(await client.next()).toEqual(tell('updated'));
  });

  it('receives all three events, with the name only and one object in each frame', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    for (const action of ['added', 'updated', 'deleted']) {
      await post(node, { type: `cluster.${action}`, data: { name: 'prod-eu', status: { phase: 'Ready' } } });
      expect(await client.nextText()).toBe(`{"type":"cluster.${action}","data":{"name":"prod-eu"}}`);
    }
  });

  it('receives an event that was published in another format, by its key', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    await post(node, { type: 'cluster', action: 'updated', key: 'eu.prod-1', object: { nodes: 3 } });
    expect(await client.next()).toEqual(tell('updated', 'eu.prod-1'));
  });

  it('publishes an event that others receive with everything that it says about the cluster', async () => {
    const node = await startDorgu();
    const native = await nativeClient(node.url, await node.token(), ['cluster.*.*']);
    const data = { name: 'prod-eu', spec: { environment: 'live' }, status: { phase: 'Ready', nodes: [] } };
    await post(node, { type: 'cluster.added', data });
    expect(await native.next()).toMatchObject({
      type: 'cluster',
      action: 'added',
      key: 'prod-eu',
      object: data,
    });
  });

  it('fetches the whole cluster after an event that only names it', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    const data = { name: 'prod-eu', spec: { environment: 'live' }, status: { phase: 'Ready' } };
    await post(node, { type: 'cluster.added', data });
    await post(node, tell('updated'));
    expect([await client.next(), await client.next()]).toEqual([tell('added'), tell('updated')]);
    expect(await (await fetch(`${node.url}/api/clusters/prod-eu`)).json()).toEqual(data);
    expect(await (await fetch(`${node.url}/api/clusters`)).json()).toEqual({ clusters: [data] });
  });

  it('receives a burst for one name as one frame', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    await post(node, ...Array.from({ length: 50 }, () => tell('updated')), tell('added', 'stage'));
    expect([await client.next(), await client.next()]).toEqual([tell('updated'), tell('added', 'stage')]);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('belfry_deliveries_total{dialect="dorgu",outcome="conflated"} 49');
    expect(client.unread).toEqual([]);
  });

  it('receives nothing of other systems, with any token', async () => {
    const node = await startDorgu();
    const token = await node.token();
    const clients = [
      await connect(socketOf(node)),
      await connect(`${socketOf(node)}?token=${token}`),
      await connect(socketOf(node), { headers: { Authorization: 'Bearer nonsense' } }),
    ];
    await post(
      node,
      { type: 'deploy.step', appId: 'shop', payload: {} },
      { type: 'cluster', action: 'synced', key: 'prod-eu', object: {} },
      { type: 'machines', action: 'added', key: 'm1', object: {} },
      tell('deleted'),
    );
    for (const client of clients) expect(await client.next()).toEqual(tell('deleted'));
  });

  it('may send anything, and gets no answer', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    for (const text of ['hello', '', '{"id":1,"command":"subscribe","patterns":["*.*.*"]}', 'register *.*.*'])
      client.send(text);
    client.ws.send(Buffer.from([0, 255]), { binary: true });
    await post(node, { type: 'machines', action: 'added', key: 'm1', object: {} }, tell('added'));
    expect(await client.next()).toEqual(tell('added'));
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).not.toMatch(/^belfry_rejected_total\{/m);
  });

  it.each([
    ['its document', {}, 512],
    ['the real server', { BELFRY_DORGU_INBOUND_MAX_BYTES: '524288' }, 524_288],
  ])(
    'may send as many bytes as the setting for %s permits, and is closed with 1009 for one more',
    async (_whose, settings, limit) => {
      const node = await startDorgu(settings);
      const client = await connect(socketOf(node));
      client.send('x'.repeat(limit));
      await post(node, tell('added'));
      expect(await client.next()).toEqual(tell('added'));
      client.send('x'.repeat(limit + 1));
      expect(await client.closed).toMatchObject({ code: 1009 });
    },
  );

  it('connects from a page of any origin', async () => {
    const node = await startDorgu();
    for (const origin of ['https://evil.example', 'null', 'http://localhost:5173'])
      await connect(socketOf(node), { origin });
    expect(node.hub.connections.size).toBe(3);
  });

  it('gets 400 when it sends no handshake', async () => {
    const node = await startDorgu();
    const response = await fetch(`${node.url}/ws`);
    expect([response.status, await response.text()]).toEqual([400, 'Bad Request']);
  });
});

describe('the page of the document', () => {
  /** The code of the document. Only the address, the timer and the handling of a message are replaced. */
  function run(
    url: string,
    later: (connect: () => void, ms: number) => void,
    heard: (message: Told) => void,
  ): void {
    function connectAgain(): void {
      const ws = new WebSocket(url);
      ws.addEventListener('close', () => later(connectAgain, 5000));
      ws.addEventListener('message', (event) => heard(JSON.parse(event.data as string) as Told));
      onTestFinished(() => ws.close());
    }
    connectAgain();
  }

  it('reconnects five seconds after its socket dropped, and receives events again', async () => {
    const node = await startDorgu();
    const dropped = Promise.withResolvers<{ again: () => void; ms: number }>();
    const heard = [Promise.withResolvers<Told>(), Promise.withResolvers<Told>()] as const;
    let count = 0;
    run(
      socketOf(node),
      (again, ms) => dropped.resolve({ again, ms }),
      (message) => heard[count++]?.resolve(message),
    );
    await expect.poll(() => node.hub.connections.size).toBe(1);
    await post(node, tell('added'));
    expect(await heard[0].promise).toEqual(tell('added'));
    for (const connection of node.hub.connections) connection.close(CLOSE.draining);
    const { again, ms } = await dropped.promise;
    expect(ms).toBe(5000);
    again();
    await expect.poll(() => node.hub.connections.size).toBe(1);
    await post(node, tell('updated'));
    expect(await heard[1].promise).toEqual(tell('updated'));
  });

  it('fetches the cluster whose name it received', async () => {
    const node = await startDorgu();
    const client = await connect(socketOf(node));
    const data = { name: 'prod-eu', spec: { environment: 'live' }, status: { phase: 'Ready' } };
    await post(node, { type: 'cluster.updated', data });
    const { name } = ((await client.next()) as unknown as Told).data;
    const response = await fetch(`${node.url}/api/clusters/${name}`);
    expect(await response.json()).toMatchObject(data);
  });
});
