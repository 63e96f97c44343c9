import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { sharedBrowser } from '../../support/browser.ts';
import { nativeClient, type TestClient } from '../../support/client.ts';
import { accessFaults, needConsole, openConsole } from '../../support/console.ts';
import type { TestNode } from '../../support/node.ts';
import { startTwoNodes } from './two-nodes.ts';

needConsole();
const browser = sharedBrowser();

const EVERYTHING = { subscribe: ['*.*.*'] };

async function clientOf(node: TestNode, name: string, pattern = 'deploy.*.*'): Promise<TestClient> {
  return nativeClient(node.url, await node.token(name, EVERYTHING), [pattern]);
}

/** The principals in the order of the rows, with what became of each. */
const rowsOf = (page: Page): Promise<string[]> => page.evaluate<string[]>(ROWS);
const ROWS = `[...document.querySelectorAll('[role=row][data-state]')]
  .toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex)
  .map((row) => row.querySelector('bdi').textContent + ' ' + row.dataset.state)`;

describe('the connections of all nodes', () => {
  it('are listed and come and go by themselves, and keep their places while somebody reads', async () => {
    const [one, two] = await startTwoNodes();
    const ada = await clientOf(one, 'ada');
    await clientOf(two, 'bob', 'tasks.*.*');
    const page = await openConsole(browser(), one, { path: '/connections?sort=principal' });
    const [ADMIN, ADA, BOB] = ['user:admin', 'user:ada', 'user:bob'];
    await expect.poll(() => rowsOf(page)).toEqual([`${ADA} here`, `${ADMIN} here`, `${BOB} here`]);
    await clientOf(two, 'abe');
    await expect
      .poll(() => rowsOf(page))
      .toEqual(['user:abe new', `${ADA} here`, `${ADMIN} here`, `${BOB} here`]);

    await page.keyboard.press('j');
    ada.ws.close();
    await clientOf(one, 'aaron');
    await page.getByRole('button', { name: '1 new, 1 ended' }).waitFor();
    expect((await rowsOf(page)).slice(1)).toEqual([`${ADA} gone`, `${ADMIN} here`, `${BOB} here`]);
    await page.getByText('4 connections of 4 principals').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press('n');
    await expect.poll(async () => (await rowsOf(page))[0]).toBe('user:aaron new');
    expect(await rowsOf(page)).toHaveLength(4);
  });

  it('are filtered by words that stand in the address, and counted by node', async () => {
    const [one, two] = await startTwoNodes();
    await clientOf(one, 'ada');
    await clientOf(two, 'ada', 'tasks.*.*');
    await clientOf(two, 'bob');
    const page = await openConsole(browser(), two, { path: '/connections?sort=principal' });
    await page.getByRole('button', { name: 'n2 3' }).click();
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here', 'user:admin here', 'user:bob here']);
    await page.keyboard.press('/');
    await page.keyboard.type(' ada');
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here']);
    expect(new URL(page.url()).hash).toBe('#/connections?sort=principal&q=node%3Dn2+ada');
    await page.reload();
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here']);
    await page.getByLabel('Filter', { exact: true }).fill('pattern:tasks');
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here']);
    await page.getByLabel('Filter', { exact: true }).fill('nobody');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect.poll(async () => (await rowsOf(page)).length).toBe(4);
  });

  it('stand in the order of their figures, also while the pointer is over them', async () => {
    const [one, two] = await startTwoNodes();
    for (const name of ['ada', 'bob', 'cyd']) await clientOf(two, name);
    const page = await openConsole(browser(), one, { path: '/connections?q=-admin&sort=principal' });
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here', 'user:bob here', 'user:cyd here']);
    const dropped: Readonly<Record<string, number>> = { 'user:ada': 5, 'user:bob': 50, 'user:cyd': 500 };
    await page.route('**/api/v3/connections?*detail=deliveries*', async (route) => {
      const response = await route.fetch();
      const records = (await response.json()) as { Principal: string; Deliveries: object }[];
      for (const record of records)
        record.Deliveries = { ...record.Deliveries, Dropped: dropped[record.Principal] ?? 0 };
      await route.fulfill({ response, json: records });
    });
    await page.getByRole('button', { name: 'Dropped' }).click();
    await expect.poll(() => rowsOf(page)).toEqual(['user:cyd here', 'user:bob here', 'user:ada here']);
  });

  it('are closed on another node with the keyboard, after a question', async () => {
    const [one, two] = await startTwoNodes();
    const ada = await clientOf(two, 'ada');
    const page = await openConsole(browser(), one, { path: '/connections?sort=principal' });
    await expect.poll(() => rowsOf(page)).toEqual(['user:ada here', 'user:admin here']);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const detail = page.getByRole('complementary', { name: 'Connection' });
    await detail.getByText('deploy.*.*').waitFor();
    await detail.getByText('online', { exact: true }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/does not come back by itself/).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close it' }).click();
    expect(await ada.closed).toEqual({ code: 4009, reason: 'closed by an operator' });
    await dialog.getByText(/on n2 is closed/).waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await detail.getByText('This connection has ended.').waitFor();
    await detail.getByText('4009 closed by an operator').first().waitFor();
  });

  it('of a principal are closed, and its tokens revoked, by those who may', async () => {
    const [one, two] = await startTwoNodes();
    const [first, second] = [await clientOf(one, 'ada'), await clientOf(two, 'ada')];
    const page = await openConsole(browser(), one, {
      path: '/connections?q=ada',
      viewport: { width: 400, height: 800 },
    });
    await page.getByRole('row').first().click();
    await page.getByRole('button', { name: 'Close all of this principal' }).click();
    await page.getByRole('button', { name: 'Close all', exact: true }).click();
    const closes = await Promise.all([first.closed, second.closed]);
    expect(closes.map(({ code }) => code)).toEqual([4009, 4009]);
    await page.getByText('2 connections are closed.').waitFor();

    const token = await one.token('ada', EVERYTHING);
    const third = await nativeClient(two.url, token, ['deploy.*.*']);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page
      .getByRole('row')
      .filter({ hasText: 'n2' })
      .and(page.locator('[data-state=here], [data-state=new]'))
      .first()
      .click();
    await page.getByRole('button', { name: 'Revoke tokens' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    expect((await third.closed).code).toBe(4001);
  });

  it('are those whose events one may hear, without ways to do what one may not', async () => {
    const [one, two] = await startTwoNodes();
    await clientOf(one, 'ada');
    await clientOf(two, 'bob');
    const grants = { subscribe: ['connections.*.user:bob', 'presence.*.user:bob'], publish: [] };
    const page = await openConsole(browser(), one, {
      path: '/connections',
      token: await one.token('eve', grants),
    });
    await expect.poll(() => rowsOf(page)).toEqual(['user:bob here']);
    await clientOf(one, 'ada');
    await clientOf(one, 'bob');
    await expect.poll(() => rowsOf(page)).toEqual(['user:bob new', 'user:bob here']);
    await page.getByRole('row').nth(1).click();
    await page.getByRole('heading', { name: 'Presence' }).waitFor();
    const names = await page.getByRole('button').allInnerTexts();
    expect(names.filter((name) => /Close|Revoke|Anonymous/.test(name))).toEqual([]);
    expect(await page.getByRole('link', { name: 'Why?' }).count()).toBe(0);
  });

  it('are drawn only where they can be seen, however many there are', async () => {
    const [one, two] = await startTwoNodes();
    const token = await one.token('crowd', EVERYTHING);
    const crowd = Array.from({ length: 300 }, (_, i) =>
      nativeClient([one, two][i % 2]?.url ?? '', token, ['a.*.*']),
    );
    await Promise.all(crowd);
    const page = await openConsole(browser(), two, { path: '/connections' });
    await page.getByText('301 connections of 2 principals').waitFor();
    expect((await rowsOf(page)).length).toBeLessThan(60);
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('302');
    await page.evaluate('document.querySelector("[role=grid]").scrollTo(0, 9000)');
    const last = (): Promise<string | null> => page.getByRole('row').last().getAttribute('aria-rowindex');
    await expect.poll(last).toMatch(/^2\d\d$/);
    expect((await rowsOf(page)).length).toBeLessThan(60);
  });
});
