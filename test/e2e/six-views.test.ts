import { expect, it } from 'vitest';
import { connect, drpClient, nativeClient, type TestClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';

type Frame = Record<string, unknown>;

const norn = (type: string, payload: object = { sagaId: 's1' }): Frame => ({ type, appId: 'shop', payload });
const dorgu = (type: string): Frame => ({ type, data: { name: 'prod', spec: { name: 'prod' } } });
const provisioning = (event_type: string, data: object): Frame => ({
  event_type,
  data,
  metadata: { infra: 'lab' },
});
const mist = (type: string, action: string, key: string, object: object): Frame => ({
  type,
  action,
  key,
  object,
});

const SAMPLE = {
  cpuUsage: 12.5,
  memory: { total: 100, used: 25 },
  disk: [{ name: '/', totalSpace: 10, availableSpace: 4, usedSpace: 6 }],
  loadAverage: { oneMinute: 1, fiveMinutes: 1, fifteenMinutes: 1 },
  timestamp: 1_768_473_000,
  uptime: 5,
  cpuTemperature: 40,
};

/** One event of every documented type, in the format of its own system. */
const PUBLISHED = {
  norn: [
    norn('deploy.step', { step: 'build', sagaId: 's1', status: 'running' }),
    norn('deploy.progress', { sagaId: 's1', message: '1 of 2 healthy' }),
    norn('deploy.completed', { sagaId: 's1', imageTag: 'shop:2' }),
    norn('deploy.failed', { sagaId: 's2', error: 'no such image' }),
    norn('app.restarted'),
    norn('app.scaled', { sagaId: 's1', group: 'web', count: '3' }),
    norn('function.completed', { executionId: 'e1', status: 'complete' }),
  ],
  provisioning: [
    provisioning('TaskStatusChanged', { task_id: 't1', name: 'install', status: 'Running' }),
    provisioning('BatchOperationUpdate', { batch_id: 'b1', status: 'Running', operations: [] }),
    provisioning('SystemHealthUpdate', { overall_status: 'Healthy', components: {}, metrics: {} }),
    provisioning('WorkflowProgressUpdate', { workflow_id: 'w1', progress: 50 }),
    provisioning('LogEntry', { level: 'INFO', message: 'ready', component: 'manager' }),
    provisioning('MetricUpdate', { metric_name: 'cpu', metric_type: 'gauge', value: 1 }),
    provisioning('TeapotBoiled', { cups: 4 }),
  ],
  dorgu: [dorgu('cluster.added'), dorgu('cluster.updated'), dorgu('cluster.deleted')],
  drp: [{ Type: 'profiles', Action: 'save', Key: 'global', Object: { Name: 'global' } }],
  mist: [
    mist('container', 'log', '1', { line: 'listening', stream: 'stdout' }),
    mist('deployment', 'log', '15', { line: 'step 1', stream: 'stdout' }),
    mist('metrics', 'sample', 'system', SAMPLE),
    mist('system', 'log', 'mist', { line: 'started' }),
  ],
};
const ALL: readonly Frame[] = Object.values(PUBLISHED).flat();

/** The types of all these events, without those of the registry, since the arrival of each client is an event too. */
const HEARD =
  'app,batch,cluster,container,custom,deploy,deployment,function,log,metric,metrics,profiles,system,task,workflow.*.*';

async function take(client: TestClient, count: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) frames.push(await client.next());
  return frames;
}

it('one event of every documented type is heard in each of the six dialects that supports it, and in no other', async () => {
  const node = await startNode({
    BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=dorgu,127.0.0.1:0=provisioning,127.0.0.1:0=drp',
  });
  const token = await node.token();
  const publish = async (events: readonly Frame[]): Promise<void> => {
    const response = await fetch(`${node.url}/api/v3/events?token=${token}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(events),
    });
    expect(response.status).toBe(204);
  };
  const socket = (dialect: string, path: string): Promise<TestClient> => {
    const url = node.listening.find((listener) => listener.dialect === dialect)?.url ?? node.url;
    return connect(`${url.replace('http', 'ws')}${path}`);
  };
  await publish([
    mist('container', 'status', '1', { container: 'app-1', state: 'running', status: 'running' }),
    mist('deployment', 'status', '15', {
      status: 'building',
      stage: 'building_image',
      progress: 50,
      message: 'Building',
    }),
  ]);

  const native = await nativeClient(node.url, token, [HEARD]);
  const drp = await drpClient(node.url, token, [HEARD]);
  const nornSocket = await socket('norn', '/ws');
  const dorguSocket = await socket('dorgu', '/ws');
  const provisioningSocket = await socket('provisioning', `/ws?token=${token}`);
  const container = await socket('drp', `/ws/container/logs?appId=1&token=${token}`);
  const deployment = await socket('drp', `/ws/deployment/logs?deploymentId=15&token=${token}`);
  const metrics = await socket('drp', `/api/ws/stats?token=${token}`);
  const system = await socket('drp', `/api/ws/system/logs?token=${token}`);
  expect(
    [await container.next(), await deployment.next(), await system.next()].map(({ type }) => type),
  ).toEqual(['status', 'status', 'connected']);
  await expect.poll(() => [...node.hub.connections].every(({ cohort }) => cohort !== undefined)).toBe(true);

  await publish(ALL);
  const byType = (frames: readonly Frame[], ...fields: string[]): string[] =>
    frames.map((frame) => fields.map((field) => String(frame[field])).join(' '));

  const heard = await take(native, ALL.length);
  expect(heard.map(({ object }) => object)).toEqual(
    ALL.map(({ payload, data, Object: object, object: canonical }) => payload ?? data ?? object ?? canonical),
  );
  expect(byType(await take(drp, ALL.length), 'Type', 'Action', 'Key')).toEqual(
    byType(heard, 'type', 'action', 'key'),
  );
  expect(await take(nornSocket, PUBLISHED.norn.length)).toEqual(PUBLISHED.norn);
  expect(await take(dorguSocket, 3)).toEqual(
    PUBLISHED.dorgu.map(({ type }) => ({ type, data: { name: 'prod' } })),
  );
  expect(await take(provisioningSocket, PUBLISHED.provisioning.length)).toMatchObject(PUBLISHED.provisioning);
  expect(await container.next()).toMatchObject({ type: 'log', data: { line: 'listening' } });
  expect(await deployment.next()).toMatchObject({ type: 'log', data: { line: 'step 1' } });
  expect(await metrics.next()).toEqual(SAMPLE);
  expect(await system.next()).toMatchObject({ type: 'log', data: { line: 'started' } });

  // The next frame of each socket belongs to the next event for it, so nothing else was under way.
  await publish(ALL.toReversed());
  expect(await nornSocket.next()).toEqual(PUBLISHED.norn.at(-1));
  expect(await dorguSocket.next()).toMatchObject({ type: 'cluster.deleted' });
  expect(await provisioningSocket.next()).toMatchObject({ event_type: 'TeapotBoiled' });
  expect(await container.next()).toMatchObject({ type: 'log' });
  expect(await deployment.next()).toMatchObject({ type: 'log' });
  expect(await system.next()).toMatchObject({ type: 'log' });
});
