import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Hub } from '../../../src/clients/sdk/hub.ts';
import type { HubEvent } from '../../../src/clients/sdk/item.ts';
import { DockerEngine } from '../../support/docker-engine.ts';
import { connect, type TestClient } from '../../support/client.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { CommandProcess } from '../../support/process.ts';

interface Parts {
  readonly node: TestNode;
  readonly engine: DockerEngine;
  readonly hub: Hub;
  readonly start: () => Promise<CommandProcess>;
}

const until = (isSo: () => boolean): Promise<unknown> =>
  vi.waitUntil(isSo, { timeout: 12_000, interval: 20 });

/** A hub, an engine and what starts a source between them. */
async function setUp(): Promise<Parts> {
  const [node, engine] = await Promise.all([
    startNode({ BELFRY_INTEREST_HOLD_MS: '0' }),
    DockerEngine.start(),
  ]);
  const token = await node.token();
  const hub = new Hub(node.url, { token });
  onTestFinished(() => hub.close());
  const start = async (): Promise<CommandProcess> => {
    const source = new CommandProcess(['source', 'docker', '--name', 'test', '--host', engine.address], {
      BELFRY_URL: node.url,
      BELFRY_TOKEN: token,
    });
    await until(() => engine.streams('events') === 1);
    return source;
  };
  return { node, engine, hub, start };
}

/** What somebody hears, from now on. */
async function listen(hub: Hub, ...patterns: string[]): Promise<{ events: HubEvent[]; close: () => void }> {
  const events: HubEvent[] = [];
  const { ready, close } = hub.subscribe(patterns, (item) => {
    if (item.gap === undefined) events.push(item);
  });
  await ready;
  return { events, close };
}

const linesOf = (events: readonly HubEvent[]): string[] =>
  events.filter(({ action }) => action === 'log').map(({ object }) => (object as { line: string }).line);
const count = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);
const stateOf = ({ action, object }: HubEvent): string =>
  action === 'status' ? (object as { status: string }).status : action;

describe('a source of a Docker engine', () => {
  it('tells the states of a container, and the end after its last line', async () => {
    const { engine, hub, start } = await setUp();
    const { events } = await listen(hub, 'container.log,status,end.7');
    await start();
    const container = engine.run('app-7');
    container.write(['hello']);
    await until(() => linesOf(events).length === 1);
    container.write(['bye']);
    container.stop(3);
    await until(() => events.some(({ action }) => action === 'end'));
    expect(linesOf(events)).toEqual(['hello', 'bye']);
    expect(events.filter(({ action }) => action !== 'log').map(stateOf)).toEqual([
      'running',
      'exited (3)',
      'end',
    ]);
    container.remove();
    await until(() => events.at(-1)?.action === 'status');
    expect(events.at(-1)?.object).toMatchObject({ container: 'app-7', state: 'removed' });
  });

  it('publishes the events of the engine under the names of what they are about', async () => {
    const { engine, hub, start } = await setUp();
    const { events } = await listen(hub, 'docker.*.*');
    await start();
    const container = engine.run('web');
    engine.tell(container, 'exec_create: sh -c true');
    engine.tell(container, 'health_status: healthy');
    await until(() => events.length === 2);
    expect(events.map(({ action, key }) => `${action} ${key}`)).toEqual(['start web', 'health_status web']);
    expect(events[1]?.object).toMatchObject({ kind: 'container', detail: 'healthy' });
  });

  it('opens no log and no samples while nobody listens, and ends them after the last listener', async () => {
    const { engine, hub, start } = await setUp();
    engine.run('app-7');
    await start();
    await until(() => engine.requests.some((path) => path.startsWith('/containers/json')));
    expect(engine.requests.filter((path) => /logs|stats/.test(path))).toEqual([]);
    const { events, close } = await listen(hub, 'container.log,stats.7');
    await until(() => engine.streams('logs') === 1 && engine.streams('stats') === 1);
    await until(() => events.some(({ action }) => action === 'stats'));
    close();
    await until(() => engine.streams('logs') === 0 && engine.streams('stats') === 0);
  });

  it('begins with the last 100 lines', async () => {
    const { engine, hub, start } = await setUp();
    engine.run('app-7').write(count(1, 1_500));
    await start();
    const { events } = await listen(hub, 'container.log.7');
    await until(() => linesOf(events).includes('line 1500'));
    expect(linesOf(events)).toEqual(count(1_401, 1_500));
  });

  it('publishes each line once and in order, through restarts of the container, of the engine and of itself', async () => {
    const { engine, hub, start } = await setUp();
    const container = engine.run('app-7');
    const source = await start();
    const { events } = await listen(hub, 'container.log.7');
    await until(() => engine.streams('logs') === 1);
    container.write(count(1, 50), { together: true });
    await until(() => linesOf(events).length === 50);

    container.stop();
    container.start();
    container.write(count(51, 100));
    await until(() => linesOf(events).length === 100);

    engine.stop();
    container.write(count(101, 150));
    await engine.listen();
    await until(() => linesOf(events).length === 150);

    source.child.kill('SIGKILL');
    await source.exited;
    // More than the tail has, and all of it since somebody listens.
    container.write(count(151, 1_500));
    await start();
    await until(() => linesOf(events).length >= 1_500);
    expect(linesOf(events)).toEqual(count(1, 1_500));
  }, 40_000);

  it('tells of a container that went away while it was away itself', async () => {
    const { engine, hub, start } = await setUp();
    const container = engine.run('app-7');
    const { events } = await listen(hub, 'container.status.7');
    const source = await start();
    await until(() => events.length === 1);
    source.child.kill('SIGKILL');
    await source.exited;
    await until(() => engine.streams('events') === 0);
    container.remove();
    await start();
    await until(() => events.length === 2);
    expect(events.map(stateOf)).toEqual(['running', 'removed']);
  });

  it('says why a log cannot be read', async () => {
    const { engine, hub, start } = await setUp();
    engine.run('app-7', { driver: 'none' });
    const { events } = await listen(hub, 'container.log,error.7');
    await start();
    await until(() => events.length === 1);
    expect(events[0]?.object).toEqual({
      message: 'The log cannot be read: configured logging driver does not support reading',
    });
  });
});

describe("the sockets of Mist's own pages", () => {
  it('send the state of a container, its lines and its samples in the shapes of their clients', async () => {
    const { node, engine, hub, start } = await setUp();
    const container = engine.run('app-7');
    const { events } = await listen(hub, 'container.status.7');
    await start();
    await until(() => events.length === 1);
    container.write(['hello']);
    const headers = { Cookie: `mist_token=${await node.token()}` };
    const open = (path: string): Promise<TestClient> => connect(`${node.url}${path}?appId=7`, { headers });
    const paths = ['/ws/container/logs', '/api/ws/container/logs', '/api/ws/container/stats'];
    const clients = await Promise.all(paths.map(open));
    const [documented, real, stats] = clients as [TestClient, TestClient, TestClient];
    const timestamp = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    const data = { container: 'app-7', state: 'running', status: 'running' };
    for (const client of clients) expect(await client.next()).toEqual({ type: 'status', timestamp, data });
    expect(await documented.next()).toEqual({ type: 'log', timestamp, data: { line: 'hello' } });
    expect(await real.next()).toEqual({ type: 'log', timestamp, data: { line: 'hello', stream: 'stdout' } });
    const sample = await stats.next();
    expect(sample).toMatchObject({ type: 'stats', timestamp, data: { cpu_percent: 30.23, pids: 2 } });
    expect(Object.keys(sample['data'] as object)).toHaveLength(9);
    container.stop();
    expect(await real.next()).toMatchObject({ type: 'status', data: { state: 'exited' } });
    expect(await real.next()).toMatchObject({ type: 'end', data: { message: 'Log stream ended' } });
    expect((await real.closed).code).toBe(1000);
    const late = await open('/api/ws/container/logs');
    await late.next();
    expect(await late.next()).toMatchObject({
      type: 'error',
      data: { message: 'Container is not running (state: exited)' },
    });
  });
});
