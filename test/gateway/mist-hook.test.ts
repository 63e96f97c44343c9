import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startNode } from '../support/node.ts';
import { container, cookie, deployment, post, running, socketOf, streamOf } from './mist-helpers.ts';

/* oxlint-disable unicorn/prefer-add-event-listener -- the hook does it so */
/** The calls of the React hook in the document, one by one, with the state of React written down. */
function useContainerLogs(url: string, headers: Record<string, string>) {
  const seen = { logs: [] as string[], status: ['connecting'], error: null as string | null };
  const changed = new Set<() => void>();
  const ws = new WebSocket(url, { headers });
  onTestFinished(() => ws.terminate());
  const set = (change: () => void) => (): void => {
    change();
    for (const check of changed) check();
  };
  ws.onopen = set(() => seen.status.push('connected'));
  ws.onmessage = (event) => {
    const message = JSON.parse(event.data as string) as {
      type: 'log' | 'status' | 'error' | 'end';
      timestamp: string;
      data: { line: string; state: string; message: string };
    };
    set(() => {
      switch (message.type) {
        case 'log':
          seen.logs.push(message.data.line);
          break;
        case 'status':
          seen.status.push(message.data.state);
          break;
        case 'error':
          seen.error = message.data.message;
          break;
        case 'end':
          seen.status.push('ended');
          break;
      }
    })();
  };
  ws.onerror = set(() => {
    seen.error = 'WebSocket connection error';
    seen.status.push('error');
  });
  ws.onclose = set(() => seen.status.push('disconnected'));
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => void (holds() && changed.delete(check) && resolve());
      changed.add(check);
      check();
    });
  return { seen, until, close: () => ws.close() };
}
/* oxlint-enable unicorn/prefer-add-event-listener */

describe("the hook of Mist's document", () => {
  it('receives the state, the last lines, the new lines and the end', async () => {
    const node = await startNode();
    await post(node, running(), container('log', { line: 'before' }));
    const url = socketOf(node, '/ws/container/logs?appId=7');
    const { seen, until } = useContainerLogs(url, await cookie());
    await until(() => seen.logs.length === 1);
    await post(node, container('log', { line: 'after', stream: 'stderr' }), container('end', {}));
    await until(() => seen.status.includes('disconnected'));
    expect(seen).toEqual({
      logs: ['before', 'after'],
      status: ['connecting', 'connected', 'running', 'ended', 'disconnected'],
      error: null,
    });
  });

  it('receives the reason why there is no log when the container is stopped', async () => {
    const node = await startNode();
    await post(node, container('status', { container: 'mist-app-7', state: 'exited', status: 'Exited (0)' }));
    const url = socketOf(node, '/ws/container/logs?appId=7');
    const { seen, until } = useContainerLogs(url, await cookie());
    await until(() => seen.status.includes('disconnected'));
    expect(seen).toEqual({
      logs: [],
      status: ['connecting', 'connected', 'exited', 'disconnected'],
      error: 'Container is not running (state: exited)',
    });
  });

  it.each(['/ws/container/logs', '/api/ws/container/logs'])(
    'receives at %s that the container does not exist, and its state and lines once it does',
    async (path) => {
      const node = await startNode();
      const { seen, until } = useContainerLogs(socketOf(node, `${path}?appId=7`), await cookie());
      await until(() => seen.error !== null);
      expect(seen).toEqual({ logs: [], status: ['connecting', 'connected'], error: 'Container not found' });
      await post(node, running(), container('log', { line: 'first' }), container('log', { line: 'second' }));
      await until(() => seen.logs.length === 2);
      expect(seen).toMatchObject({
        logs: ['first', 'second'],
        status: ['connecting', 'connected', 'running'],
      });
    },
  );

  it('receives the reason why there is no log when the user may not read the container', async () => {
    const node = await startNode();
    await post(node, running());
    const url = socketOf(node, '/ws/container/logs?appId=7');
    const { seen, until } = useContainerLogs(url, await cookie({ subscribe: ['container.*.8'] }));
    await until(() => seen.status.includes('disconnected'));
    expect(seen.error).toBe('Permission denied');
  });

  it('receives an error of the stream', async () => {
    const node = await startNode();
    await post(node, running());
    const url = socketOf(node, '/ws/container/logs?appId=7');
    const { seen, until } = useContainerLogs(url, await cookie());
    await until(() => seen.status.includes('running'));
    await post(node, container('error', { message: 'the daemon went away' }));
    await until(() => seen.status.includes('disconnected'));
    expect(seen.error).toBe('the daemon went away');
  });

  it('ends when its page ends', async () => {
    const node = await startNode();
    await post(node, running());
    const url = socketOf(node, '/ws/container/logs?appId=7');
    const { seen, until, close } = useContainerLogs(url, await cookie());
    await until(() => seen.status.includes('running'));
    close();
    await until(() => seen.status.includes('disconnected'));
    expect([...node.hub.connections]).toEqual([]);
  });

  it('receives only an error when its user is not signed in', async () => {
    const node = await startNode();
    await post(node, running());
    const { seen, until } = useContainerLogs(socketOf(node, '/ws/container/logs?appId=7'), {});
    await until(() => seen.status.includes('disconnected'));
    expect(seen).toEqual({
      logs: [],
      status: ['connecting', 'error', 'disconnected'],
      error: 'WebSocket connection error',
    });
  });
});

describe("the page of Mist's document that follows a deployment", () => {
  const step = (status: string, stage: string, progress: number): ReturnType<typeof deployment> =>
    deployment('status', { status, stage, progress, message: '', error_message: '' });

  it('shows each status and stage with its progress, and each line in its place', async () => {
    const node = await startNode();
    const brokerStats: [string, string, number][] = [
      ['pending', '', 0],
      ['building', 'cloning_repo', 25],
      ['building', 'building_image', 50],
      ['building', 'building_image', 75],
      ['deploying', 'stopping_old', 75],
      ['deploying', 'starting_new', 90],
      ['success', 'completed', 100],
    ];
    await post(node, step(...(brokerStats[0] ?? ['', '', 0])));
    const client = await streamOf(node, '/ws/deployment/logs?deploymentId=15');
    for (const [n, each] of brokerStats.entries()) {
      await post(node, ...(n > 0 ? [step(...each)] : []), deployment('log', { line: `line ${n}` }));
      const [status, stage, progress] = each;
      expect([await client.next(), await client.next()]).toMatchObject([
        { type: 'status', data: { status, stage, progress } },
        { type: 'log', data: { line: `line ${n}` } },
      ]);
    }
  });
});
