import { describe, expect, it } from 'vitest';
import { nativeClient, drpClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { anEvent, heardSoFar, PLAIN, provisioningClient, publish } from './provisioning-helpers.ts';

function startProvisioningNode(settings: Record<string, string> = {}): Promise<TestNode> {
  return startNode({ BELFRY_LISTEN: '127.0.0.1:0=provisioning', ...settings });
}

const types = (frames: readonly Record<string, unknown>[]): unknown[] =>
  frames.map(({ event_type }) => event_type);

describe('a provisioning session', () => {
  it('receives an event exactly as it was published', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    const event = anEvent('TaskStatusChanged', { task_id: 't1', progress: 45.5 }, { infra: 'staging' });
    await publish(node, event);
    expect(await client.nextText()).toBe(JSON.stringify(event));
  });

  it('receives at once and without a reply the events that its URL names', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws?events=task,Tick');
    for (const type of ['MetricUpdate', 'TaskStatusChanged', 'Tock', 'Tick'])
      await publish(node, anEvent(type));
    expect([await client.next(), await client.next()]).toMatchObject([
      { event_type: 'TaskStatusChanged' },
      { event_type: 'Tick' },
    ]);
  });

  it('answers a ping', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    client.send({ type: 'ping' });
    expect(await client.nextText()).toBe('{"type":"pong"}');
  });

  it('receives everything until it names an event type, and then adds to that type', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws?batch_size=1');
    const all = ['TaskStatusChanged', 'LogEntry', 'MetricUpdate', 'Tick'].map((type) => anEvent(type));
    await publish(node, all);
    expect(types(await heardSoFar(client))).toEqual([
      'TaskStatusChanged',
      'LogEntry',
      'MetricUpdate',
      'Tick',
    ]);
    client.send({ type: 'subscribe', events: ['task'] });
    expect(await client.next()).toEqual({ type: 'subscribed', events: ['TaskStatusChanged'] });
    await publish(node, all);
    expect(types(await heardSoFar(client))).toEqual(['TaskStatusChanged']);
    client.send({ type: 'subscribe', events: ['MetricUpdate'] });
    expect(await client.next()).toEqual({ type: 'subscribed', events: ['MetricUpdate'] });
    await publish(node, all);
    expect(types(await heardSoFar(client))).toEqual(['TaskStatusChanged', 'MetricUpdate']);
  });

  it('receives nothing more of an event type after unsubscribing, even if it had not named the type', async () => {
    const node = await startProvisioningNode();
    const all = ['TaskStatusChanged', 'LogEntry', 'Tick'].map((type) => anEvent(type));
    const unnamed = await provisioningClient(node, '/ws?batch_size=1');
    const named = await provisioningClient(node, '/ws?batch_size=1&events=task,log,Tick');
    for (const client of [unnamed, named]) {
      client.send({ type: 'unsubscribe', events: ['task'] });
      expect(await client.next()).toEqual({ type: 'unsubscribed', events: ['TaskStatusChanged'] });
    }
    await publish(node, all);
    for (const client of [unnamed, named]) {
      expect(types(await heardSoFar(client))).toEqual(['LogEntry', 'Tick']);
    }
  });

  it('receives the events that pass its filters, which a later subscription to the same type replaces', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws?batch_size=1');
    const tasks = ['Running', 'Pending', 'Failed'].map((status) =>
      anEvent('TaskStatusChanged', { name: 'resize_disk', status }),
    );
    const other = anEvent('TaskStatusChanged', { name: 'other', status: 'Failed' });
    const filters = { task_name: 'resize_disk', status: ['Running', 'Failed'] };
    client.send({ type: 'subscribe', events: ['TaskStatusChanged'], filters });
    await client.next();
    await publish(node, [...tasks, other]);
    expect((await heardSoFar(client)).map(({ data }) => data)).toMatchObject([
      { status: 'Running' },
      { status: 'Failed' },
    ]);
    client.send({ type: 'subscribe', events: ['task'], filters: { task_name: 'other' } });
    await client.next();
    await publish(node, [...tasks, other]);
    expect(await heardSoFar(client)).toMatchObject([{ data: { name: 'other' } }]);
  });

  it('is sent the events of the log since a time, and then new ones', async () => {
    const node = await startProvisioningNode();
    const entry = (level: string, message: string): object => anEvent('LogEntry', { level, message });
    const since = new Date().toISOString();
    await publish(node, [entry('ERROR', 'one'), entry('INFO', 'two'), entry('WARN', 'three')]);
    const client = await provisioningClient(node, '/ws?events=metric');
    client.send({ type: 'subscribe', events: ['LogEntry'], filters: { level: ['ERROR', 'WARN'], since } });
    expect(await client.next()).toMatchObject({ type: 'subscribed' });
    const old = [await client.next(), await client.next()];
    expect(old).toMatchObject([{ data: { message: 'one' } }, { data: { message: 'three' } }]);
    await publish(node, entry('ERROR', 'four'));
    expect(await heardSoFar(client)).toMatchObject([{ data: { message: 'four' } }]);
    client.send({ type: 'subscribe', events: ['log'], filters: { since: '2100-01-01T00:00:00Z' } });
    expect(await client.next()).toMatchObject({ type: 'subscribed' });
    expect(await heardSoFar(client)).toEqual([]);
  });

  it.each([
    ['text that is not JSON', 'hello', 'json_invalid'],
    ['an unknown command', '{"type":"dance"}', 'command_invalid'],
    ['a subscription to nothing', '{"type":"subscribe","events":[]}', 'command_invalid'],
    [
      'a filter that is an object',
      '{"type":"subscribe","events":["task"],"filters":{"a":{}}}',
      'filter_invalid',
    ],
    ['an invalid time', '{"type":"subscribe","events":["task"],"filters":{"since":"now"}}', 'filter_invalid'],
  ])('is refused %s with a code and a sentence, and goes on', async (_what, frame, code) => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    client.send(frame);
    expect(await client.next()).toEqual({
      type: 'error',
      code,
      message: expect.stringMatching(/xpected .+\.$/) as string,
      see: `/docs/reference/errors#${code}`,
    });
    expect(await heardSoFar(client)).toEqual([]);
  });

  it('is refused a binary frame, and goes on', async () => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node);
    client.ws.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'command_invalid' });
    expect(await heardSoFar(client)).toEqual([]);
  });

  it('publishes and receives the same events as the other dialects, in its own format', async () => {
    const node = await startProvisioningNode();
    const token = await node.token();
    const [native, drp, provisioning] = [
      await nativeClient(node.url, token, ['metric.*.*']),
      await drpClient(node.url, token, ['metric.*.*']),
      await provisioningClient(node),
    ];
    const data = { metric_name: 'queue.depth', value: 3 };
    await publish(node, anEvent('MetricUpdate', data, { interval: 60 }), '&dialect=provisioning');
    const time = '2025-10-02T07:15:09Z';
    const canonical = { time, type: 'metric', action: 'update', key: 'queue.depth', object: data };
    expect(await native.next()).toMatchObject({
      ...canonical,
      principal: 'user:admin',
      metadata: { interval: 60 },
    });
    expect(await drp.next()).toMatchObject({
      Type: 'metric',
      Action: 'update',
      Key: 'queue.depth',
      Object: data,
    });
    expect(await provisioning.next()).toMatchObject({ event_type: 'MetricUpdate', data });
    await publish(node, { Time: time, Type: 'custom', Action: 'Order', Key: '', Object: { id: 1 } });
    await publish(node, { type: 'system', action: 'log', key: '', object: { message: 'of Mist' } });
    expect(await heardSoFar(provisioning)).toEqual([anEvent('Order', { id: 1 })]);
  });
});

describe('roles on provisioning', () => {
  const all = ['TaskStatusChanged', 'SystemHealthUpdate', 'LogEntry', 'Tick'];

  it.each([
    ['an admin', ['admin'], all],
    ['a developer', ['developer'], ['TaskStatusChanged', 'LogEntry', 'Tick']],
    ['anybody else', [], ['TaskStatusChanged', 'Tick']],
  ])('permit %s to receive the event types of the role', async (_who, roles, heard) => {
    const node = await startProvisioningNode();
    const client = await provisioningClient(node, '/ws?batch_size=1', await node.token('ann', { roles }));
    await publish(
      node,
      all.map((type) => anEvent(type)),
    );
    expect(types(await heardSoFar(client))).toEqual(heard);
  });

  it('refuse by name an event type that they do not permit, and permit the rest', async () => {
    const node = await startProvisioningNode();
    const token = await node.token('ann', PLAIN);
    const byUrl = await provisioningClient(node, '/ws?events=task,system', token);
    const byCommand = await provisioningClient(node, '/ws', token);
    byCommand.send({ type: 'subscribe', events: ['SystemHealthUpdate', 'TaskStatusChanged'] });
    for (const client of [byUrl, byCommand]) {
      expect(await client.next()).toMatchObject({
        type: 'error',
        code: 'forbidden',
        message: expect.stringContaining('"SystemHealthUpdate"') as string,
      });
    }
    expect(await byCommand.next()).toEqual({ type: 'subscribed', events: ['TaskStatusChanged'] });
    await publish(node, anEvent('SystemHealthUpdate'));
    await publish(node, anEvent('TaskStatusChanged'));
    for (const client of [byUrl, byCommand]) {
      expect(types(await heardSoFar(client))).toEqual(['TaskStatusChanged']);
    }
  });

  it('have no effect when the token names its own patterns', async () => {
    const node = await startProvisioningNode();
    const token = await node.token('ann', { roles: ['developer'], subscribe: ['log.entry.dns'] });
    const client = await provisioningClient(node, '/ws?batch_size=1', token);
    await publish(node, [
      anEvent('LogEntry', { component: 'mail' }),
      anEvent('LogEntry', { component: 'dns' }),
    ]);
    expect(await heardSoFar(client)).toMatchObject([{ data: { component: 'dns' } }]);
  });
});
