import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { nativeClient, type TestClient } from '../support/client.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';
import { streamOf } from '../gateway/mist-helpers.ts';

const HOLD_MS = 1_500;

let settings: Record<string, string>;

beforeEach(() => {
  settings = {
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
    BELFRY_INTEREST_HOLD_MS: String(HOLD_MS),
  };
});

/** A source that follows what is wanted. */
async function follow(node: TestNode): Promise<TestClient> {
  return nativeClient(node.url, await node.token('source', { subscribe: ['interest.*.*'] }), [
    'interest.*.*',
  ]);
}

/** The next event as `<action> <key>`. */
async function next(source: TestClient): Promise<string> {
  const { action, key } = await source.next();
  return `${String(action)} ${String(key)}`;
}

async function wanted(node: TestNode): Promise<unknown[]> {
  const response = await fetch(`${node.url}/api/v3/interest?as=events&token=${await node.token()}`);
  return ((await response.json()) as { key: string }[]).map(({ key }) => key);
}

/** Opens an event stream. Returns what closes it. */
async function streamTo(node: TestNode, pattern: string): Promise<() => void> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const { status } = await fetch(`${node.url}/api/v3/events?token=${await node.token()}&pattern=${pattern}`, {
    headers: { Accept: 'text/event-stream' },
    signal: abort.signal,
  });
  expect(status).toBe(200);
  return () => abort.abort();
}

describe('interest in a topic', () => {
  it('begins with the first listener of any node and entry point, and ends once the last one has been gone for the hold', async () => {
    const [one, two] = await Promise.all(
      ['n1', 'n2'].map((BELFRY_NODE) => startNode({ ...settings, BELFRY_NODE })),
    );
    const sources = [await follow(one!), await follow(two!)];
    const native = await nativeClient(one!.url, await one!.token(), ['container.log.7']);
    for (const source of sources) expect(await next(source)).toBe('begin container.log.7');
    const mist = await streamOf(two!, '/ws/container/logs?appId=7');
    const leaveStream = await streamTo(one!, 'container.log.7');
    await nativeClient(two!.url, await two!.token(), ['*.*.*']);
    expect(await wanted(two!)).toEqual(['container.log.7']);
    native.ws.close();
    mist.ws.close();
    leaveStream();
    const began = performance.now();
    for (const source of sources) expect(await next(source)).toBe('end container.log.7');
    expect(performance.now() - began).toBeGreaterThan(HOLD_MS - 100);
    expect(await wanted(one!)).toEqual([]);
    expect(sources.flatMap(({ unread }) => unread)).toEqual([]);
    const pages = await Promise.all([one!, two!].map(({ url }) => MetricsPage.of(url)));
    const told = (action: string) =>
      pages.map((page) => page.get(`belfry_interest_events_total{action="${action}"}`) ?? 0);
    expect([told('begin'), told('end')].map((counts) => counts.reduce((sum, count) => sum + count))).toEqual([
      1, 1,
    ]);
  });

  it.each([
    ['/ws/container/logs?appId=7', 'container.log.7'],
    ['/api/ws/container/logs?appId=7', 'container.log.7'],
    ['/api/ws/container/stats?appId=7', 'container.stats.7'],
    ['/ws/metrics', 'metrics.sample.system'],
    ['/api/ws/stats?host=web-1', 'metrics.sample.web-1'],
    ['/api/ws/system/logs', 'system.log.mist'],
  ])('is told of the socket %s of Mist as %s, also without Redis', async (path, topic) => {
    const node = await startNode({ BELFRY_INTEREST_HOLD_MS: '0' });
    const source = await follow(node);
    const socket = await streamOf(node, path);
    expect(await next(source)).toBe(`begin ${topic}`);
    socket.ws.close();
    expect(await next(source)).toBe(`end ${topic}`);
  });

  it('stays while its listeners go from a node that stops to another one', async () => {
    const [one, two] = await Promise.all(
      ['n1', 'n2'].map((BELFRY_NODE) => startNode({ ...settings, BELFRY_NODE })),
    );
    const source = await follow(two!);
    const moving = await nativeClient(one!.url, await one!.token(), ['container.log.moves']);
    expect(await next(source)).toBe('begin container.log.moves');
    await one!.stop();
    expect(await moving.closed).toMatchObject({ code: 1001 });
    const moved = await nativeClient(two!.url, await two!.token(), ['container.log.moves']);
    moved.ws.close();
    expect(await next(source)).toBe('end container.log.moves');
  });

  it('of a killed node ends once, when the node is lost and the hold is over', async () => {
    const nodes = await Promise.all(
      ['n1', 'n2'].map((BELFRY_NODE) => startNode({ ...settings, BELFRY_NODE })),
    );
    const doomed = await startNodeProcess({ ...settings, BELFRY_NODE: 'n3', BELFRY_JWT_SECRET: TEST_SECRET });
    const sources = [await follow(nodes[0]!), await follow(nodes[1]!)];
    const token = await nodes[0]!.token();
    await nativeClient(doomed.url, token, ['container.log.lost', 'container.log.shared']);
    await nativeClient(nodes[0]!.url, token, ['container.log.shared']);
    for (const source of sources)
      expect([await next(source), await next(source)].toSorted()).toEqual([
        'begin container.log.lost',
        'begin container.log.shared',
      ]);
    doomed.child.kill('SIGKILL');
    for (const source of sources) expect(await next(source)).toBe('end container.log.lost');
    expect(await wanted(nodes[1]!)).toEqual(['container.log.shared']);
    await nativeClient(nodes[1]!.url, token, ['container.log.after']);
    for (const source of sources) expect(await next(source)).toBe('begin container.log.after');
  }, 60_000);

  it('is heard only with a grant, and can be published by nobody', async () => {
    const node = await startNode();
    const token = await node.token('ada', { subscribe: ['container.*.*'], publish: ['*.*.*'] });
    await expect(nativeClient(node.url, token, ['interest.*.*'])).resolves.toMatchObject({});
    const response = await fetch(`${node.url}/api/v3/events?token=${token}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'interest', action: 'begin', key: 'container.log.1' }),
    });
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('type_reserved')]);
  });
});
