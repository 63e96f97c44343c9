import type { BrowserContext } from 'playwright-core';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { publishTo, socketsOf } from '../clients/sdk/world.ts';
import { FaultProxy } from '../faults/proxy.ts';
import { startBrowser } from '../support/browser.ts';
import { openTab, servePage, type Tab } from '../support/client-page.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';
import { SteadyPublisher } from '../support/steady-publisher.ts';
import { withoutUpgrades } from '../support/without-upgrades.ts';

vi.setConfig({ testTimeout: 90_000, expect: { poll: { timeout: 40_000 } } });

async function startContext(): Promise<{ context: BrowserContext; at: string }> {
  const [browser, at] = await Promise.all([startBrowser(), servePage()]);
  return { context: await browser.newContext(), at };
}

async function proxyBefore({
  url,
}: {
  readonly url: string;
}): Promise<FaultProxy & { readonly url: string }> {
  const proxy = await FaultProxy.before(portOf(url));
  onTestFinished(() => proxy.close());
  return Object.assign(proxy, { url: `http://127.0.0.1:${proxy.port}` });
}

const portOf = (url: string): number => Number(new URL(url).port);

/** Everything that was accepted was heard, once and in order. */
async function expectAll({ heard }: Tab, publisher: SteadyPublisher): Promise<void> {
  const keys = await publisher.stop();
  expect(keys.length).toBeGreaterThan(20);
  await expect.poll(heard).toEqual(keys);
}

interface TwoNodes {
  readonly nodes: readonly [NodeProcess, NodeProcess];
  readonly tab: Tab;
  readonly publisher: SteadyPublisher;
  /** What is between the page and the first node. */
  readonly proxy: FaultProxy;
}

/** A page at the first of two nodes, while the second one is published to. */
async function startTwoNodes(redisUrl: string): Promise<TwoNodes> {
  const env = { BELFRY_REDIS_URL: redisUrl, BELFRY_PREFIX: randomPrefix() };
  const nodes = await Promise.all([startNodeProcess(env), startNodeProcess(env)]);
  const [{ context, at }, { token }, proxy] = await Promise.all([
    startContext(),
    startNode(),
    proxyBefore(nodes[0]),
  ]);
  const tab = await openTab(context, at, { url: proxy.url, token });
  return { nodes, tab, proxy, publisher: new SteadyPublisher(nodes[1].url, await token()) };
}

describe('a page hears every event once and in order', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('when its node ends by %s', async (signal) => {
    const { nodes, tab, proxy, publisher } = await startTwoNodes(inject('redisUrl'));
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(20);
    proxy.turnTo(portOf(nodes[1].url));
    nodes[0].child.kill(signal);
    await nodes[0].exited;
    const before = publisher.accepted.length;
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(before + 20);
    await expectAll(tab, publisher);
    expect(await tab.status()).toBe('open');
  });

  it.skipIf(!HAS_REDIS_SERVER)('when Redis is away for 20 s', async () => {
    const server = await startRedisServer({ keeps: true });
    const { tab, publisher } = await startTwoNodes(server.url);
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(20);
    await server.stop();
    const before = publisher.accepted.length;
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    expect(await tab.status()).toBe('open');
    await server.restart();
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(before + 20);
    await expectAll(tab, publisher);
  });

  it('when its tokens live for two seconds', async () => {
    const node = await startNode();
    const { context, at } = await startContext();
    let tokens = 0;
    const token = (): Promise<string> => {
      tokens++;
      return signToken(node.config, { subject: 'ada', roles: ['admin'], ttlS: 2 });
    };
    const tab = await openTab(context, at, { url: node.url, token });
    const publisher = new SteadyPublisher(node.url, await node.token());
    await expect.poll(() => tokens).toBeGreaterThan(3);
    await expectAll(tab, publisher);
  });

  it('when the machine sleeps for ten minutes, and its connection is gone meanwhile', async () => {
    const node = await startNode();
    const [{ context, at }, proxy] = await Promise.all([startContext(), proxyBefore(node)]);
    await context.clock.install();
    const token = (): Promise<string> =>
      signToken(node.config, { subject: 'ada', roles: ['admin'], ttlS: 300 });
    const tab = await openTab(context, at, { url: proxy.url, token });
    await publishTo(node, 'jobs.save.before');
    await expect.poll(tab.heard).toEqual(['before']);
    proxy.swallow();
    await publishTo(node, 'jobs.save.1', 'jobs.save.2');
    await tab.page.clock.fastForward('10:00');
    // The page asks at its first tick, and gives up after ten seconds.
    proxy.refuse();
    proxy.heal();
    await expect.poll(tab.heard).toEqual(['before', '1', '2']);
    await publishTo(node, 'jobs.save.3');
    await expect.poll(tab.heard).toEqual(['before', '1', '2', '3']);
  });

  it('when the browser freezes it while it is hidden', async () => {
    const node = await startNode();
    const { context, at } = await startContext();
    const tab = await openTab(context, at, node);
    const show = (state: string): Promise<unknown> =>
      tab.page
        .evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    const publisher = new SteadyPublisher(node.url, await node.token());
    await show('hidden');
    const session = await context.newCDPSession(tab.page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    const before = publisher.accepted.length;
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(before + 100);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await show('visible');
    await expectAll(tab, publisher);
    expect(socketsOf(node)).toHaveLength(1);
  });

  it('when it was offline', async () => {
    const node = await startNode();
    const [{ context, at }, proxy] = await Promise.all([startContext(), proxyBefore(node)]);
    const tab = await openTab(context, at, { ...node, url: proxy.url });
    const publisher = new SteadyPublisher(node.url, await node.token());
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(20);
    await context.setOffline(true);
    proxy.refuse();
    await expect.poll(tab.status).toBe('waiting');
    const before = publisher.accepted.length;
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(before + 20);
    proxy.heal();
    await context.setOffline(false);
    await expectAll(tab, publisher);
  });

  it('when a proxy forbids upgrades, by a stream', async () => {
    const node = await startNode();
    const [{ context, at }, { url, cut }] = await Promise.all([startContext(), withoutUpgrades(node.url)]);
    const tab = await openTab(context, at, { ...node, url });
    expect(await tab.transport()).toBe('stream');
    const publisher = new SteadyPublisher(node.url, await node.token());
    await expect.poll(() => publisher.accepted.length).toBeGreaterThan(20);
    cut();
    await expectAll(tab, publisher);
  });

  it('in tabs that share a socket, when the tab that holds it hangs for longer than 5 s', async () => {
    const node = await startNode();
    const { context, at } = await startContext();
    const tabs: Tab[] = [];
    for (let n = 0; n < 3; n++) tabs.push(await openTab(context, at, node, { shared: true }));
    const publisher = new SteadyPublisher(node.url, await node.token());
    expect(await tabs[0]?.transport()).toBe('socket');
    const hanging = tabs[0]?.page.evaluate('const end = Date.now() + 9_000; while (Date.now() < end);');
    await expect
      .poll(async () => new Set([await tabs[1]?.transport(), await tabs[2]?.transport()]))
      .toEqual(new Set(['socket', 'tab']));
    await hanging;
    await expect.poll(() => tabs[0]?.transport()).toBe('tab');
    for (const tab of tabs) await expectAll(tab, publisher);
    expect(socketsOf(node)).toHaveLength(1);
  });
});

describe('a page that is offline before it published for the first time', () => {
  const publish = (tab: Tab, key: string, options: object): Promise<unknown> =>
    tab.page.evaluate(
      `hub.publish('jobs.save.${key}', null, ${JSON.stringify(options)}).catch(({ code }) => code)`,
    );

  it('is refused at once, or waits and publishes once, although that part of the client is not loaded', async () => {
    const node: TestNode = await startNode();
    const [{ context, at }, proxy] = await Promise.all([startContext(), proxyBefore(node)]);
    const tab = await openTab(context, at, { ...node, url: proxy.url });
    await context.setOffline(true);
    proxy.refuse();
    expect(await publish(tab, 'refused', {})).toBe('offline');
    const queued = publish(tab, 'queued', { offline: 'queue' });
    expect(await publish(tab, 'late', { offline: 'queue', ttlMs: 500 })).toBe('offline');
    proxy.heal();
    await context.setOffline(false);
    expect(await queued).toMatch(/^\d+-\d+$/);
    await expect.poll(tab.heard).toEqual(['queued']);
  });
});

describe('a page that cannot load a part of the client at first', () => {
  it.each([
    ['shared-connection', { shared: true }],
    ['stream-link', {}],
  ] as const)('tries again to load %s, and then listens', async (part, options) => {
    const node = await startNode();
    const { context, at } = await startContext();
    if (part === 'stream-link') await context.addInitScript('delete window.WebSocket');
    let requests = 0;
    await context.route(new RegExp(part), (route) =>
      ++requests === 1 ? route.abort('internetdisconnected') : route.continue(),
    );
    const tab = await openTab(context, at, node, options);
    expect(requests).toBe(2);
    await publishTo(node, 'jobs.save.1');
    await expect.poll(tab.heard).toEqual(['1']);
  });
});
