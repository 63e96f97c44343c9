import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { expect, inject, it, onTestFinished } from 'vitest';
import { connect } from '../../../src/clients/sdk/index.ts';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import type { TestNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';

needConsole();

/** The page of the documentation that shows the pictures, and their folder. */
const DOCS = new URL('../../../src/docs/reference/', import.meta.url);
const SIZE = { width: 1_120, height: 700 };
const PRINCIPALS = ['user:ada', 'user:grace', 'runner:7f3c', 'runner:a1d0', 'user:linus'];

/** Who listens: some connections of each node, with patterns of their own. */
async function listen(nodes: readonly TestNode[]): Promise<void> {
  for (const [n, principal] of [...PRINCIPALS, ...PRINCIPALS].entries()) {
    const node = nodes[n % nodes.length];
    if (node === undefined) continue;
    const hub = connect(node.url, { token: await node.token(principal) });
    onTestFinished(() => hub.close());
    await hub.subscribe([`deploy.*.*`, `orders.*.eu-${n}`], () => undefined).ready;
  }
}

/** What flows: a deploy, orders, samples. */
async function publish(hub: ReturnType<typeof connect>): Promise<void> {
  const step = (name: string, status: string, more = {}): Promise<string> =>
    hub.publish('deploy.step.shop', { step: name, sagaId: 's-1', status, total: '3', ...more });
  await step('clone', 'running');
  await step('clone', 'complete', { durationMs: '1200' });
  await step('build', 'running');
  await hub.publish('deploy.progress.shop', { step: 'build', sagaId: 's-1', message: 'layer 7 of 12' });
  await step('build', 'complete', { durationMs: '5300' });
  await step('switch', 'running');
  await hub.publishAll(
    Array.from({ length: 60 }, (_, n) => ({
      type: n % 3 === 0 ? 'metrics' : 'orders',
      action: n % 3 === 0 ? 'sample' : n % 2 === 0 ? 'create' : 'pay',
      key: n % 3 === 0 ? 'web-1' : `eu-${n % 7}`,
      object:
        n % 3 === 0 ? { cpu: n / 100, memoryMb: 512 + n } : { total: 100 + n, currency: 'EUR', by: 'ada' },
    })),
  );
}

/** What the ingress cannot accept. */
async function addRejected(redis: Redis, prefix: string): Promise<void> {
  await redis.xadd(
    `{${prefix}}:ingress`,
    '*',
    'event',
    '{"type":"orders","action":"create","key":"eu-1","object":{"total":}}',
  );
  await redis.xadd(`{${prefix}}:ingress`, '*', 'event', '{"type":"orders","key":"eu-2","object":{}}');
}

/** A screen, and what a person does there until it shows what it is for. */
const SCREENS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  overview: (page) =>
    page
      .getByText(/dead letters?/)
      .first()
      .waitFor(),
  live: async (page) => {
    await page.getByText('eu-4').first().waitFor();
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByText('currency').first().waitFor();
  },
  connections: async (page) => page.getByText('user:grace').first().click(),
  why: (page) => page.getByText('runner:7f3c').first().waitFor(),
  publish: (page) => page.getByRole('heading', { name: 'Publish' }).waitFor(),
  'dead-letters': async (page) => page.getByText('eu-1').first().click(),
  deploys: async (page) => page.getByText('deploy shop').first().click(),
  flow: (page) => page.locator('svg text', { hasText: 'orders' }).first().waitFor(),
};

const PATHS: Readonly<Record<string, string>> = { why: '/why?topic=deploy.step.shop' };

it('every screen of the menu shows a hub of two nodes at work, without a serious fault of accessibility, and the documentation has its picture', async () => {
  const prefix = randomPrefix();
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  const [first, second] = [
    await startConsoleNode({ ...settings, BELFRY_NODE: 'hub-a' }),
    await startConsoleNode({ ...settings, BELFRY_NODE: 'hub-b' }),
  ];
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`{${prefix}}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  await listen([first, second]);
  const hub = connect(first.url, { token: await first.token('user:shop') });
  onTestFinished(() => hub.close());
  await publish(hub);
  await addRejected(redis, prefix);

  const page = await openConsole(await startBrowser(), second, {
    viewport: SIZE,
    colorScheme: 'light',
    path: '/live',
  });
  const links = page.getByRole('navigation', { name: 'Screens' }).getByRole('link');
  const paths = await links.evaluateAll((each) =>
    each.map((link) => (link as unknown as { readonly hash: string }).hash.slice(2)),
  );
  expect(paths.toSorted()).toEqual(Object.keys(SCREENS).toSorted());

  const said = readFileSync(new URL('console.md', DOCS), 'utf8');
  for (const [name, use] of Object.entries(SCREENS)) {
    await publish(hub);
    await page.goto(`${second.url}/console/#${PATHS[name] ?? `/${name}`}`);
    await use(page);
    expect([name, await accessFaults(page)]).toEqual([name, []]);
    const picture = await page.screenshot();
    const file = new URL(`console/${name}.png`, DOCS);
    if (process.env['BELFRY_WRITE_SCREENSHOTS'] !== undefined) writeFileSync(file, picture);
    expect([name, existsSync(file), said.includes(`(console/${name}.png)`)]).toEqual([name, true, true]);
  }
}, 120_000);
