import { expect, it } from 'vitest';
import { publishTo, socketsOf } from '../clients/sdk/world.ts';
import { startBrowser } from '../support/browser.ts';
import { openTab, servePage, type Tab } from '../support/client-page.ts';
import { startNode } from '../support/node.ts';

it('eight tabs of a browser share one socket, and lose nothing when the tab that holds it is closed', async () => {
  const [browser, node, at] = await Promise.all([startBrowser(), startNode(), servePage()]);
  const context = await browser.newContext();
  const tabs: Tab[] = [];
  for (let n = 0; n < 8; n++) tabs.push(await openTab(context, at, node, { shared: true }));
  expect(socketsOf(node)).toHaveLength(1);
  const transports = await Promise.all(tabs.map(({ transport }) => transport()));
  expect(transports).toEqual(['socket', ...Array.from({ length: 7 }, () => 'tab')]);
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
  const { page, heard } = await openTab(context, at, node, {});
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
  const { heard, transport } = await openTab(context, at, node, {});
  expect(await transport()).toBe('stream');
  await publishTo(node, 'jobs.save.1');
  await expect.poll(heard).toEqual(['1']);
}, 60_000);
