import { describe, expect, it } from 'vitest';
import { startNode } from '../support/node.ts';
import { container, deployment, post, running, streamOf } from './mist-helpers.ts';

const TIME = '2025-01-15T10:30:00Z';

describe('a message of Mist', () => {
  it.each(['', '/mist'])(
    'has the shape of the document under the path %s/ws/container/logs',
    async (prefix) => {
      const node = await startNode();
      await post(node, { ...running(), time: '2025-01-15T10:30:00.123Z' });
      const client = await streamOf(node, `${prefix}/ws/container/logs?appId=7`);
      await post(node, { ...container('log', { line: '[INFO] up', stream: 'stdout' }), time: TIME });
      await post(node, { ...container('end', { message: 'Log stream ended' }), time: TIME });
      expect([await client.next(), await client.next(), await client.next()]).toEqual([
        {
          type: 'status',
          timestamp: TIME,
          data: { container: 'mist-app-7', state: 'running', status: 'Up 2 hours' },
        },
        { type: 'log', timestamp: TIME, data: { line: '[INFO] up' } },
        { type: 'end', timestamp: TIME, data: { message: 'Log stream ended' } },
      ]);
      expect(await client.closed).toMatchObject({ code: 1000 });
    },
  );

  it('about a deployment has its id as a number, and the connection ends a second after the last one', async () => {
    const node = await startNode();
    const building = {
      status: 'building',
      stage: 'building_image',
      progress: 50,
      message: 'Building Docker image...',
      error_message: '',
    };
    await post(node, { ...deployment('status', building), time: TIME }, deployment('log', { line: '1' }));
    const client = await streamOf(node, '/ws/deployment/logs?deploymentId=15');
    expect(await client.next()).toEqual({
      type: 'status',
      timestamp: TIME,
      data: { deployment_id: 15, ...building },
    });
    expect(await client.next()).toMatchObject({ type: 'log', data: { line: '1' } });
    await post(node, deployment('error', { message: 'Docker build failed: exit code 1' }));
    await post(node, deployment('status', { ...building, status: 'failed' }));
    const ended = performance.now();
    await post(node, deployment('log', { line: '2' }));
    expect([await client.next(), await client.next(), await client.next()]).toMatchObject([
      { type: 'error', data: { message: 'Docker build failed: exit code 1' } },
      { type: 'status', data: { deployment_id: 15, status: 'failed' } },
      { type: 'log', data: { line: '2' } },
    ]);
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(performance.now() - ended).toBeGreaterThan(900);
  });

  it('about the host has no envelope, and has the shape that belongs to its path', async () => {
    const node = await startNode();
    const object = {
      cpuUsage: 25.5,
      cpu: { cores: 4 },
      memory: { total: 16_000, used: 4_000 },
      disk: [{ name: '/dev/vda1', totalSpace: 500, availableSpace: 450, usedSpace: 50 }],
      loadAverage: { oneMinute: 1, fiveMinutes: 0.5, fifteenMinutes: 0.25 },
      timestamp: 1_736_937_000,
      uptime: 60,
      cpuTemperature: 40,
    };
    await post(node, { type: 'metrics', action: 'sample', key: 'system', object });
    const { cpu: _only, ...flat } = object;
    expect(await (await streamOf(node, '/api/ws/stats')).next()).toEqual(flat);
    expect(await (await streamOf(node, '/ws/metrics')).next()).toEqual({
      timestamp: TIME,
      cpu: { usage: 25.5, cores: 4 },
      memory: { used: 4_000, total: 16_000, percent: 25 },
      disk: { used: 50, total: 500, percent: 10 },
      docker: { containers_running: 0, containers_total: 0, images: 0 },
    });
  });

  it("on a stream of the server has the server's shape", async () => {
    const node = await startNode();
    const log = { line: 'x', stream: 'stderr' };
    await post(node, running(), container('log', log), deployment('log', log));
    await post(node, { type: 'system', action: 'log', key: 'mist', object: { line: 'kernel: up' } });
    const app = await streamOf(node, '/api/ws/container/logs?appId=7');
    expect([await app.next(), await app.next()]).toMatchObject([
      { type: 'status' },
      { type: 'log', data: log },
    ]);
    const build = await streamOf(node, '/api/deployments/logs/stream?id=15');
    expect(await build.next()).toMatchObject({ data: { ...log, timestamp: expect.any(String) as string } });
    const system = await streamOf(node, '/api/ws/system/logs');
    expect([await system.next(), await system.next()]).toMatchObject([
      { type: 'connected', data: { message: 'Connected to system logs' } },
      { type: 'log', data: { line: 'kernel: up' } },
    ]);
    expect(await (await streamOf(node, '/api/ws/container/stats?appId=7')).next()).toMatchObject({
      type: 'status',
    });
  });

  it('may carry a line of a megabyte, and four of them may come at once', async () => {
    const node = await startNode();
    await post(node, running());
    const client = await streamOf(node, '/ws/container/logs?appId=7');
    await client.next();
    const lines = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(1_000_000));
    await post(node, ...lines.map((line) => container('log', { line })));
    for (const line of lines) {
      const { data } = (await client.next()) as { data: { line: string } };
      expect(data.line === line).toBe(true);
    }
  });
});
