import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { expect, it, onTestFinished } from 'vitest';
import { publishTo, socketsOf } from '../clients/sdk/world.ts';
import { startBrowser } from '../support/browser.ts';
import { startNode, type TestNode } from '../support/node.ts';

/** Serves an empty page and the client, as a bundler makes it of the source. Resolves with the address of the page. */
async function servePage(): Promise<string> {
  const bundle = await rolldown({ input: 'src/clients/sdk/index.ts', platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const scripts = new Map(output.map((each) => [`/${each.fileName}`, 'code' in each ? each.code : '']));
  const server = createServer(({ url = '' }, response) => {
    const script = scripts.get(url);
    response.setHeader('Content-Type', script === undefined ? 'text/html' : 'text/javascript');
    response.end(script ?? '<!doctype html><title>A page</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Tab {
  readonly page: Page;
  readonly heard: () => Promise<unknown>;
  readonly transport: () => Promise<unknown>;
}

/** A tab that listens, and keeps what it heard. */
async function open(context: BrowserContext, at: string, node: TestNode, options: object): Promise<Tab> {
  const page = await context.newPage();
  await page.goto(at);
  const settings = JSON.stringify({ token: await node.token(), ...options });
  await page.evaluate(`(async () => {
    const { connect } = await import('/index.js');
    window.heard = [];
    window.hub = connect(${JSON.stringify(node.url)}, ${settings});
    const { ready } = hub.subscribe('jobs.*.*', (item) => void heard.push(item.gap ? 'gap' : item.key));
    await ready;
  })()`);
  return {
    page,
    heard: () => page.evaluate('heard'),
    transport: () => page.evaluate('hub.state.transport'),
  };
}

it('tabs of a browser share one socket, and lose nothing when the tab that holds it is closed', async () => {
  const [browser, node, at] = await Promise.all([startBrowser(), startNode(), servePage()]);
  const context = await browser.newContext();
  const tabs: Tab[] = [];
  for (let n = 0; n < 4; n++) tabs.push(await open(context, at, node, { shared: true }));
  expect(socketsOf(node)).toHaveLength(1);
  expect(await Promise.all(tabs.map(({ transport }) => transport()))).toEqual([
    'socket',
    'tab',
    'tab',
    'tab',
  ]);
  await publishTo(node, 'jobs.save.1');
  for (const { heard } of tabs) await expect.poll(heard).toEqual(['1']);
  await tabs.shift()?.page.close();
  await publishTo(node, 'jobs.save.2');
  for (const { heard } of tabs) await expect.poll(heard).toEqual(['1', '2']);
  await expect.poll(() => socketsOf(node).length).toBe(1);
  expect(await tabs[2]?.page.evaluate(`hub.publish('jobs.save.3', null)`)).toMatch(/^\d+-\d+$/);
  for (const { heard } of tabs) await expect.poll(heard).toEqual(['1', '2', '3']);
}, 60_000);

it('a page that the browser kept while it was left goes on after the last event', async () => {
  const [browser, node, at] = await Promise.all([startBrowser(), startNode(), servePage()]);
  const context = await browser.newContext();
  const { page, heard } = await open(context, at, node, {});
  await publishTo(node, 'jobs.save.1');
  await expect.poll(heard).toEqual(['1']);
  await page.evaluate(`window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`);
  await expect.poll(() => socketsOf(node)).toHaveLength(0);
  await publishTo(node, 'jobs.save.2');
  await page.evaluate(`window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`);
  await expect.poll(heard).toEqual(['1', '2']);
}, 60_000);

it('a page without WebSockets hears by a stream', async () => {
  const [browser, node, at] = await Promise.all([startBrowser(), startNode(), servePage()]);
  const context = await browser.newContext();
  await context.addInitScript('delete window.WebSocket');
  const { heard, transport } = await open(context, at, node, {});
  expect(await transport()).toBe('stream');
  await publishTo(node, 'jobs.save.1');
  await expect.poll(heard).toEqual(['1']);
}, 60_000);
