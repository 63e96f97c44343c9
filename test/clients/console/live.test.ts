import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import type { TestNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';

needConsole();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

interface Published {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object?: unknown;
}

/** So many events fit into one publish. */
const BATCH = 250;

/** Two nodes that share a Redis. */
async function startCluster(): Promise<readonly [TestNode, TestNode]> {
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  return [await startConsoleNode(settings), await startConsoleNode(settings)];
}

/** Publishes JSON as it is written, and resolves with the ids. */
async function publishText(node: TestNode, body: string): Promise<string[]> {
  const headers = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${node.url}/api/v3/events`, { method: 'POST', headers, body });
  expect(response.status).toBe(204);
  return response.headers.get('Belfry-Event-Ids')?.split(',') ?? [];
}

const publish = (node: TestNode, events: readonly Published[]): Promise<string[]> =>
  publishText(node, JSON.stringify(events));

/** Publishes events with the keys `<name>-0`, `<name>-1`, … */
async function publishMany(node: TestNode, name: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH)
    await publish(
      node,
      Array.from({ length: Math.min(BATCH, count - from) }, (_none, i) => ({
        type: 'jobs',
        action: 'run',
        key: `${name}-${from + i}`,
        object: { n: from + i },
      })),
    );
}

const list = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('grid', { name: 'Events' });
const rowsOf = (page: Page): ReturnType<Page['locator']> => list(page).locator('[data-at]');
const countOf = async (page: Page): Promise<number> => Number(await list(page).getAttribute('aria-rowcount'));
/** The keys of the events on the screen, from top to bottom. */
const keysOf = (page: Page): Promise<string[]> => list(page).locator('[data-field=key]').allTextContents();

const LIST = 'document.querySelector("[role=grid]")';
/** Scrolls on by nearly a screen. Whether the list was at its end. */
const NEXT_SCREEN = `(async (list) => {
  const before = list.scrollTop;
  list.scrollBy(0, list.clientHeight - 60);
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return list.scrollTop === before;
})(${LIST})`;

/** All keys of the list, as somebody reads them who scrolls from the top to the end. */
async function readThrough(page: Page): Promise<string[]> {
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      await page.evaluate(`${LIST}.scrollTo(0, 0)`);
      return list(page).getByText('The log has nothing older.').count();
    })
    .toBe(1);
  for (let isOver = false; !isOver;) {
    for (const key of await keysOf(page)) seen.add(key);
    isOver = (await page.evaluate(NEXT_SCREEN)) as boolean;
  }
  for (const key of await keysOf(page)) seen.add(key);
  return [...seen];
}

const keys = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_none, i) => `${name}-${i}`);

describe('the screen Live', () => {
  it('shows what was and what comes, from any node, and counts a pause exactly, after which nothing is missing', async () => {
    const [one, two] = await startCluster();
    await publishMany(one, 'before', 300);
    const page = await openConsole(browser, one, { path: '/live' });
    await expect.poll(() => keysOf(page)).toContain('before-299');
    await publishMany(two, 'live', 10);
    await expect.poll(() => keysOf(page)).toContain('live-9');

    await page.keyboard.press('Space');
    const held = await keysOf(page);
    await publishMany(two, 'paused', 1_200);
    await page.getByText('1,200 new').waitFor();
    expect(await keysOf(page)).toEqual(held);
    await page.keyboard.press('Space');
    await expect.poll(() => keysOf(page)).toContain('paused-1199');
    expect(await readThrough(page)).toEqual([
      ...keys('before', 300),
      ...keys('live', 10),
      ...keys('paused', 1_200),
    ]);
  });

  it('follows only while its end is shown, and shows older events above without moving what is read', async () => {
    const node = await startConsoleNode();
    await publishMany(node, 'a', 600);
    const page = await openConsole(browser, node, { path: '/live' });
    await expect.poll(() => keysOf(page)).toContain('a-599');
    await page.evaluate(`${LIST}.scrollBy(0, -1000)`);
    await page.getByRole('button', { name: 'Newest' }).waitFor();
    const read = await keysOf(page);
    await publishMany(node, 'b', 50);
    await page.getByRole('button', { name: '50 new' }).waitFor();
    expect(await keysOf(page)).toEqual(read);
    await page.evaluate(`${LIST}.scrollTo(0, 0)`);
    await expect.poll(() => countOf(page)).toBe(450);
    expect(await keysOf(page)).toContain('a-400');
    await page.keyboard.press('Shift+G');
    await expect.poll(() => keysOf(page)).toContain('b-49');
  });

  it('filters by a value that is pressed, by several patterns and by a text, and its link shows the same', async () => {
    const node = await startConsoleNode();
    await publish(node, [
      { type: 'deploy', action: 'done', key: 'shop', object: { status: 'Running', note: 'first' } },
      { type: 'deploy', action: 'fail', key: 'shop', object: { status: 'Failed', note: 'second' } },
      { type: 'jobs', action: 'run', key: 'clean', object: { status: 'Failed', note: 'third' } },
    ]);
    const page = await openConsole(browser, node, { path: '/live' });
    await expect.poll(() => countOf(page)).toBe(3);

    await rowsOf(page).first().getByText('deploy', { exact: true }).click();
    await page.getByRole('menuitem', { name: 'Not "deploy"' }).click();
    await expect.poll(() => keysOf(page)).toEqual(['clean']);
    await page.getByRole('button', { name: 'type ≠ "deploy"' }).click();
    await expect.poll(() => keysOf(page)).toEqual(['shop', 'shop']);
    await page.keyboard.press('/');
    await page.keyboard.type('SECOND');
    await expect.poll(() => countOf(page)).toBe(1);

    const link = page.url();
    const other = await openConsole(browser, node, { path: link.slice(link.indexOf('#') + 1) });
    await expect.poll(() => keysOf(other)).toEqual(['shop']);
    await publish(node, [
      { type: 'deploy', action: 'done', key: 'web', object: { note: 'the second one' } },
      { type: 'deploy', action: 'done', key: 'api', object: { note: 'another' } },
    ]);
    await expect.poll(() => keysOf(other)).toEqual(['shop', 'web']);

    const field = page.getByRole('combobox', { name: 'Add a pattern' });
    await field.fill('jo');
    await page.getByRole('option', { name: /^jobs/ }).waitFor();
    await page.keyboard.press('Tab');
    expect(await field.inputValue()).toBe('jobs.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await field.inputValue()).toBe('jobs.*.*');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).not.toBe('Add a pattern');
    await field.fill('jobs.');
    await page.keyboard.press('Enter');
    await page.getByText('jobs.*.*').waitFor();
    await field.fill('jobs..x');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/its type or action is empty/);
  });

  it('begins with what the one who is signed in may hear, and says what is outside of that', async () => {
    const node = await startConsoleNode();
    await publish(node, [
      { type: 'deploy', action: 'done', key: 'shop' },
      { type: 'jobs', action: 'run', key: 'clean' },
    ]);
    const token = await node.token('eve', { subscribe: ['deploy.*.*'], publish: [] });
    const page = await openConsole(browser, node, { path: '/live', token });
    await page.getByText('deploy.*.*').waitFor();
    await expect.poll(() => keysOf(page)).toEqual(['shop']);
    const field = page.getByRole('combobox', { name: 'Add a pattern' });
    await field.fill('jobs');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toBe('You may not hear "jobs.*.*". You may hear deploy.*.*.');
    await rowsOf(page).first().click();
    await page.getByRole('region', { name: 'The event' }).waitFor();
    expect(await page.getByText('Publish again').count()).toBe(0);
    expect(await page.getByText('Why not heard?').count()).toBe(0);
  });

  it('goes on after its node was killed, and loses nothing', async () => {
    const [one, two] = await startCluster();
    await publishMany(two, 'before', 5);
    const page = await openConsole(browser, one, { path: '/live' });
    await expect.poll(() => keysOf(page)).toEqual(keys('before', 5));
    await one.stop();
    await page.getByText(/The connection is lost/).waitFor();
    await publishMany(two, 'meanwhile', 20);
    await startConsoleNode({
      BELFRY_LISTEN: `127.0.0.1:${new URL(one.url).port}=drp`,
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: one.config.prefix,
    });
    await expect.poll(() => keysOf(page)).toEqual([...keys('before', 5), ...keys('meanwhile', 20)]);
  });

  it('says what to do on an empty hub, and has no serious faults of access, in the dark, in the light and on a phone', async () => {
    const node = await startConsoleNode();
    const page = await openConsole(browser, node, { path: '/live', colorScheme: 'dark' });
    await page.getByText('belfry publish deploy.begin.myapp').waitFor();
    await publish(node, [
      { type: 'a', action: 'b', key: '\u202e<img src=x>\u001b[31m', object: { text: '<b>' } },
    ]);
    await expect.poll(() => keysOf(page)).toEqual(['\\u202e<img src=x>\\u001b[31m']);
    await rowsOf(page)
      .first()
      .click({ position: { x: 5, y: 5 } });
    await page.getByRole('region', { name: 'The event' }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await accessFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await accessFaults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
  });
});

describe('the Inspector', () => {
  it('opens by keys and by a link, shows every digit and what changed, and copies the text as it came', async () => {
    const node = await startConsoleNode();
    await publishText(
      node,
      '{"type":"deploy","action":"begin","key":"shop","object":{"build":12345678901234567890123,"same":1.0}}',
    );
    await publishMany(node, 'between', 3);
    const body =
      '{"type":"deploy","action":"done","key":"shop","object":{"build":12345678901234567890124,"same":1.0}}';
    const [id] = await publishText(node, body);
    const page = await openConsole(browser, node, {
      path: '/live',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await expect.poll(() => countOf(page)).toBe(5);
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    const event = page.getByRole('region', { name: 'The event' });
    await event.getByRole('button', { name: '12345678901234567890124' }).waitFor();
    expect(page.url()).toContain(`#/live/event/${id}`);

    await page.keyboard.press('c');
    const copied = (await page.evaluate('navigator.clipboard.readText()')) as string;
    expect(copied).toContain(body.slice(1, -1).replace(',"object"', ',"principal":"user:admin","object"'));
    // As a page that comes by plain HTTP from another machine.
    await page.evaluate('navigator.clipboard.writeText("")');
    await page.evaluate('Object.defineProperty(window, "isSecureContext", { value: false })');
    await event.getByRole('button', { name: 'Copy the event as JSON' }).click();
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(copied);
    await event.getByRole('tab', { name: 'Changes' }).click();
    await event.getByText('1 changed').waitFor();
    expect(await event.getByRole('tabpanel').textContent()).toContain('12345678901234567890123');

    await event.getByRole('button', { name: 'Before' }).click();
    await event.getByRole('heading', { name: 'deploy.begin.shop' }).waitFor();
    await page.keyboard.press('c');
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toContain('"begin"');
    await event.getByRole('button', { name: 'After' }).click();
    await event.getByRole('heading', { name: 'deploy.done.shop' }).waitFor();
    await page.keyboard.press('Escape');
    await event.waitFor({ state: 'detached' });
    expect(page.url()).toMatch(/#\/live$/);
    await page.keyboard.press('Enter');
    await event.waitFor();
    await page.goBack();
    await page.getByRole('complementary').waitFor({ state: 'detached' });

    const other = await openConsole(browser, node, { path: `/live/event/${id}` });
    await other.getByRole('heading', { name: 'deploy.done.shop' }).waitFor();
    await other.getByText('Publish again').click();
    await other.getByRole('heading', { name: 'Publish' }).waitFor();
    const gone = await openConsole(browser, node, { path: '/live/event/1-1' });
    await gone.getByText('The log has no event 1-1 any more, or you may not hear it.').waitFor();
  });
});
