import type { Locator, Page } from 'playwright-core';
import { describe, expect, inject, it } from 'vitest';
import { publishLink } from '../../../src/clients/console/src/publish/draft.ts';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';

needConsole();

const EXACT = '{"n":12345678901234567890123,"one":1.0,"vast":1e400}';

interface Two {
  readonly node: TestNode;
  /** The events of the log, as the other node reads them. */
  readonly heard: () => Promise<string>;
}

async function startTwo(): Promise<Two> {
  const shared = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  const [node, other] = await Promise.all([
    startConsoleNode({ ...shared, BELFRY_NODE: 'a' }),
    startNode({ ...shared, BELFRY_NODE: 'b' }),
  ]);
  const headers = { Authorization: `Bearer ${await other.token()}` };
  const heard = async (): Promise<string> =>
    (await fetch(`${other.url}/api/v3/events?pattern=deploy.*.*`, { headers })).text();
  return { node, heard };
}

const editorOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Events as JSON' });
const field = (page: Page, name: string): Locator => page.getByLabel(name, { exact: true });
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

describe('the screen Publish', () => {
  it('publishes what the form and the text say, with every digit, and once for one key', async () => {
    const [{ node, heard }, browser] = [await startTwo(), await startBrowser()];
    const page = await openConsole(browser, node, { path: '/publish' });
    await field(page, 'type').fill('deploy');
    await field(page, 'action').fill('begin');
    await field(page, 'key').fill('web-1.example.com');
    await field(page, 'object').fill(EXACT);
    await expect.poll(() => editorOf(page).textContent()).toContain(`"object": ${EXACT}`);

    await press(page, 'Dry run');
    await page.getByText('Nothing was published.').waitFor();
    expect(await heard()).toContain('"events":[]');

    await editorOf(page).press('Control+Enter');
    await page.getByText('Published as').waitFor();
    await expect.poll(heard).toContain(`"object":${EXACT}`);
    await press(page, 'Publish');
    await page.getByText('so it was not published again').waitFor();
    expect((await heard()).match(/"type":"deploy"/g)).toHaveLength(1);

    const id = /"id":"([^"]+)"/.exec(await heard())?.[1] ?? '';
    const sent = page.getByRole('region', { name: 'What I sent' });
    expect(await sent.getByRole('link', { name: id }).getAttribute('href')).toBe(`#/live/event/${id}`);
    await page.reload();
    await sent.getByRole('button', { name: 'Again' }).click();
    expect(await field(page, 'object').inputValue()).toBe(EXACT);
    expect(await accessFaults(page)).toEqual([]);
  });

  it('marks what is wrong at the field, in a list of events and in another format', async () => {
    const [{ node, heard }, browser] = [await startTwo(), await startBrowser()];
    const text = '{"type":"deploy.step","appId":"shop","payload":{"n":1.0}}';
    const page = await openConsole(browser, node, {
      path: publishLink(text, 'norn'),
      colorScheme: 'dark',
      viewport: { width: 400, height: 800 },
    });
    await expect.poll(() => field(page, 'appId').inputValue()).toBe('shop');
    await expect.poll(() => page.url()).toMatch(/#\/publish$/);
    await press(page, 'Add an event');
    await field(page, 'type').fill('deploy');
    await page.getByText('Expected a type and an action').first().waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await press(page, 'Publish');
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('The type "deploy" is not usable');
    await field(page, 'type').fill('deploy.failed');
    await press(page, 'Publish');
    await page.getByText('Published 2 events').waitFor();
    expect(await heard()).toContain('"object":{"n":1.0}');

    await editorOf(page).press('Control+End');
    await page.keyboard.type(',');
    await page.getByText('The form comes back when the text is JSON').waitFor();
  });

  it('tells somebody what may be published, and is not there for those who may publish nothing', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const some = await node.token('ada', { publish: ['tasks.*.*'], subscribe: ['tasks.*.*'] });
    const page = await openConsole(browser, node, { path: '/publish', token: some });
    await page.getByText('You may publish tasks.*.*.').waitFor();
    await field(page, 'type').fill('deploy');
    await field(page, 'action').fill('begin');
    await page.getByText('You may not publish deploy.begin.').first().waitFor();
    const none = await node.token('eve', { publish: [], subscribe: ['tasks.*.*'] });
    const other = await openConsole(browser, node, { path: '/publish', token: none });
    await other.getByText('There is no such screen').waitFor();
    expect(await other.getByRole('link', { name: 'Publish' }).count()).toBe(0);
  });
});
