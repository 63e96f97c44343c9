import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { nativeClient } from '../../support/client.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import { startNode, TEST_SECRET, type TestNode } from '../../support/node.ts';
import { startNodeProcess } from '../../support/process.ts';
import { randomPrefix, startRedisServer } from '../../support/redis.ts';

needConsole();
let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser.close());

async function twoNodes(second: Record<string, string> = {}, url = inject('redisUrl')) {
  const common = { BELFRY_REDIS_URL: url, BELFRY_PREFIX: randomPrefix() };
  const node = await startConsoleNode({ ...common, BELFRY_NODE: 'first' });
  return { node, common, other: await startNode({ ...common, BELFRY_NODE: 'second', ...second }) };
}

async function publish(node: TestNode, events: object | readonly object[]): Promise<void> {
  const { status } = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token('user:ada')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(status).toBe(204);
}

/** Waits until the page shows a text. */
async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: 15_000 });
}

describe('the overview', () => {
  it('shows all nodes with what they do, says that nothing is wrong, and breaks no rule of access', async () => {
    const { node, other } = await twoNodes();
    await nativeClient(other.url, await other.token(), ['jobs.*.*']);
    const page = await openConsole(browser, node, { path: '/overview' });
    await shows(page, 'Nothing is wrong: all 2 nodes are ready');
    for (const name of ['first', 'second']) {
      const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
      expect(await row.innerText()).toMatch(/ready\s+settings equal/);
    }
    await shows(page, 'native 1');
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessFaults(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    expect(await accessFaults(page)).toEqual([]);
  });

  it('leads to no screen that somebody may not see', async () => {
    const { node } = await twoNodes();
    const token = await node.token('ned', { subscribe: ['nodes.list.*'], publish: [] });
    const page = await openConsole(browser, node, { path: '/overview', token });
    await page.route('**/api/v3/nodes?*', async (route) => {
      const response = await route.fetch();
      const nodes = (await response.json()) as { status: { slow: number } }[];
      for (const { status } of nodes) status.slow = 1;
      await route.fulfill({ response, json: nodes });
    });
    await shows(page, /clients do not keep up/);
    const list = page.getByRole('list', { name: 'What is wrong' });
    expect(await list.getByRole('link').allTextContents()).toEqual(['Read more']);
  });

  it('says which settings differ, and which node is silent or gone, first', async () => {
    const { node, common } = await twoNodes({ BELFRY_LOG_MAX_EVENTS: '1234' });
    const third = await startNodeProcess({ ...common, BELFRY_JWT_SECRET: TEST_SECRET, BELFRY_NODE: 'third' });
    const page = await openConsole(browser, node, { path: '/overview' });
    await shows(page, /The nodes have different settings: .*BELFRY_LOG_MAX_EVENTS/);
    third.child.kill('SIGSTOP');
    await shows(page, 'third is silent: no answer came within two seconds.');
    third.child.kill('SIGKILL');
    await shows(page, /third is gone since/);
    await shows(page, /gone for \d+ s/);
    expect(await page.getByRole('rowheader').count()).toBe(3);
  }, 45_000);

  it('keeps the last figures, marks them as old, and says why, while Redis is away', async () => {
    const server = await startRedisServer();
    const { node } = await twoNodes({}, server.url);
    const page = await openConsole(browser, node, { path: '/overview' });
    await shows(page, 'Nothing is wrong');
    await server.stop();
    await shows(page, /The hub does not tell of its nodes/);
    await shows(page, /old: of \d+ s ago/);
    expect(await page.getByRole('rowheader').count()).toBe(2);
  }, 45_000);

  it('asks nothing while the page is hidden, and at once when it is seen again', async () => {
    const node = await startConsoleNode();
    const page = await openConsole(browser, node, { path: '/flow' });
    await page.clock.install();
    await page.getByRole('link', { name: 'Overview' }).click();
    await shows(page, 'Nothing is wrong: the node is ready');
    const become = (state: string): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));`);
    await become('hidden');
    let asked = 0;
    page.on('request', (request) => void (request.url().includes('/api/v3/nodes') && asked++));
    await page.clock.runFor(60_000);
    expect(asked).toBe(0);
    await become('visible');
    await expect.poll(() => asked).toBeGreaterThan(0);
  });

  it('shows somebody the permitted nodes, and is not there for somebody who may see none', async () => {
    const { node } = await twoNodes();
    const some = await node.token('user:ann', { subscribe: ['nodes.list.second', 'jobs.*.*'] });
    const page = await openConsole(browser, node, { path: '/overview', token: some });
    await shows(page, 'You see the nodes that your token permits.');
    expect(await page.getByRole('rowheader').allInnerTexts()).toEqual([expect.stringContaining('second')]);
    const none = await node.token('user:bob', { subscribe: ['jobs.*.*'] });
    const other = await openConsole(browser, node, { token: none });
    await other.getByRole('link', { name: 'Live' }).waitFor();
    expect(await other.getByRole('link', { name: 'Overview' }).count()).toBe(0);
  });
});

describe('the flow', () => {
  it('leads from a publisher over a type to dialects and nodes, by hand and by keys, and to live events', async () => {
    const { node, other } = await twoNodes();
    for (const each of [node, other]) await nativeClient(each.url, await each.token(), ['jobs.*.*']);
    await publish(
      node,
      Array.from({ length: 60 }, (_, n) => ({ type: 'jobs', action: 'save', key: `${n}`, object: {} })),
    );
    const page = await openConsole(browser, node, { path: '/flow' });
    const band = page.getByRole('img', { name: /^user:ada → jobs: events/ });
    await band.focus();
    await shows(page, /^user:ada → jobs: events [\d.]+\/s$/);
    const focused = (): Promise<unknown> =>
      page.evaluate('document.activeElement.getAttribute("aria-label")');
    const before = await focused();
    await page.keyboard.press('ArrowDown');
    expect([before, await focused()]).toEqual([
      expect.stringContaining('user:ada'),
      expect.not.stringContaining('ada'),
    ]);
    await page.getByRole('img', { name: /^jobs → native: deliveries [\d.]+\/s$/ }).focus();
    await shows(page, /^jobs → native: deliveries [\d.]+\/s$/);
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('link', { name: /^jobs/ }).click();
    await page.waitForURL(/#\/live\?pattern=jobs\.\*\.\*$/);
  });

  it('is a table on a narrow page and where one asks for it, which is a link that can be sent', async () => {
    const node = await startConsoleNode({ BELFRY_NODE: 'alone' });
    await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    await publish(
      node,
      Array.from({ length: 30 }, () => ({ type: 'jobs', action: 'save', key: 'k', object: {} })),
    );
    const page = await openConsole(browser, node, { path: '/flow?view=table' });
    const row = page.getByRole('row').filter({ hasText: 'user:ada' });
    expect(await row.innerText()).toMatch(/user:ada\s+jobs\s+[\d.]+\/s/);
    await page.getByRole('button', { name: 'Diagram' }).click();
    await page.getByRole('img', { name: /user:ada → jobs/ }).waitFor();
    await page.setViewportSize({ width: 400, height: 800 });
    await row.waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  it('says what it means that nothing flows', async () => {
    const node = await startConsoleNode();
    const token = await node.token('user:ann', { subscribe: ['jobs.*.*'] });
    const page = await openConsole(browser, node, { path: '/flow', token });
    await shows(page, 'Nothing flows');
    expect(await page.getByRole('img').count()).toBe(0);
  });
});
