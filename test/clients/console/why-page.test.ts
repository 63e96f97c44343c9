import { describe, expect, it } from 'vitest';
import { sharedBrowser } from '../../support/browser.ts';
import { nativeClient } from '../../support/client.ts';
import { accessFaults, needConsole, openConsole } from '../../support/console.ts';
import { publishOn, startTwoNodes } from './two-nodes.ts';

needConsole();
const browser = sharedBrowser();

const EVERYTHING = { subscribe: ['*.*.*'] };
/** The publisher may write any time into an event. */
const LONG_AGO = '2020-01-01T00:00:00Z';
const FAILED = { filters: { 'object.status': ['Failed'] } };

describe('why a client did not hear an event', () => {
  it('is told in three clicks from the connection, with what its filter wants and what the event has', async () => {
    const [one, two] = await startTwoNodes();
    await nativeClient(two.url, await two.token('ada', EVERYTHING), ['deploy.*.shop'], FAILED);
    await publishOn(one, 'deploy.fail.shop', { status: 'Running' });
    const page = await openConsole(browser(), one, { path: '/connections?q=user:ada' });
    await page.getByRole('row').nth(1).click();
    await page.getByRole('complementary').getByRole('link', { name: 'Why?' }).click();
    await page
      .getByRole('list', { name: 'Events' })
      .getByRole('button', { name: /fail\.shop/ })
      .click();
    await page.getByText('One of its filters does not let the event pass.').waitFor();
    const failed = page.locator('li[data-state=failed]');
    expect(await failed.innerText()).toContain('Do its filters let it pass?');
    const advice = page.getByText('object.status is "Running", and wanted is ["Failed"]');
    await advice.waitFor();
    expect(await accessFaults(page)).toEqual([]);
    const sent = page.url();
    await page.goto('about:blank');
    await page.goto(sent);
    await advice.waitFor();
  });

  it('is told of a pattern that does not match, with the ones that would', async () => {
    const [one, two] = await startTwoNodes();
    await nativeClient(two.url, await two.token('bob', EVERYTHING), ['deploy.begin.shop']);
    const id = await publishOn(one, 'deploy.fail.shop', {});
    const page = await openConsole(browser(), two, { path: `/why?event=${id}` });
    await page.getByText('Nobody would hear deploy.fail.shop now.').waitFor();
    await page.getByLabel('Find a client').fill('BOB');
    await page
      .getByRole('list', { name: 'Clients' })
      .getByRole('button', { name: /native on n2/ })
      .click();
    await page.getByText('None of its patterns matches the event.').waitFor();
    await page
      .getByText('The pattern that comes nearest is deploy.begin.shop: the action differs.')
      .waitFor();
    await page.getByText('deploy.*.shop').waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  it('is told of a principal that was not connected when the event came', async () => {
    const [one, two] = await startTwoNodes();
    const before = await nativeClient(one.url, await one.token('cyd', EVERYTHING), ['deploy.*.*']);
    const first = await publishOn(one, 'deploy.begin.shop', {}, LONG_AGO);
    await before.next();
    before.ws.close();
    await before.closed;
    const page = await openConsole(browser(), two, { path: '/connections?q=cyd' });
    await page.getByText('No connection matches the filter').waitFor();
    const second = await publishOn(one, 'deploy.fail.shop', {}, LONG_AGO);
    await nativeClient(two.url, await two.token('cyd', EVERYTHING), ['deploy.*.*']);
    const ask = (event: string): Promise<unknown> =>
      page.goto(page.url().replace(/#.*/, `#/why?event=${event}&principal=user%3Acyd`));
    await ask(second);
    await page.getByText(/user:cyd was not connected when the event came. It connected at/).waitFor();
    await page.getByText('It subscribed only after the event.').first().waitFor();
    await ask(first);
    await page.getByText(/user:cyd had 1 connection when the event came/).waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  it('cannot be told of an event that the log does not have, or of a connection that has ended, and that is said', async () => {
    const [one, two] = await startTwoNodes();
    const ada = await nativeClient(one.url, await one.token('ada', EVERYTHING), ['deploy.*.*']);
    const id = await publishOn(two, 'deploy.fail.shop', {});
    const page = await openConsole(browser(), one, { path: `/why?event=${id}` });
    await page
      .getByRole('list', { name: 'Clients' })
      .getByRole('button', { name: /native on n1/ })
      .first()
      .waitFor();
    await page.getByLabel('Find a client').fill('ada');
    const client = page.getByRole('list', { name: 'Clients' }).getByRole('button', { name: /native on n1/ });
    await client.click();
    await page.getByText('Every rule lets it pass').waitFor();
    ada.ws.close();
    await ada.closed;
    await page.reload();
    await page.getByText('This connection has ended.').waitFor();
    await page.getByRole('button', { name: 'Was user:ada connected then?' }).click();
    await page.getByText(/user:ada had 1 connection when the event came. It is not connected now./).waitFor();
    await page.goto(page.url().replace(/#.*/, '#/why?event=1-0'));
    await page.getByText(/The log has no event 1-0/).waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });
});

it('who would hear a topic is told of all nodes, by what becomes of it', async () => {
  const [one, two] = await startTwoNodes();
  await nativeClient(one.url, await one.token('ada', EVERYTHING), ['deploy.*.*']);
  await nativeClient(two.url, await two.token('bob', EVERYTHING), ['deploy.*.shop'], FAILED);
  await nativeClient(two.url, await two.token('cyd', EVERYTHING), ['tasks.*.*']);
  const page = await openConsole(browser(), two, { path: '/why' });
  await page.getByLabel('Find an event').fill('deploy.fail.shop');
  await page.getByRole('button', { name: 'Who hears it?' }).click();
  await page.getByText('2 connections would hear deploy.fail.shop now.').waitFor();
  await page.getByRole('region', { name: 'Hear it', exact: true }).getByText('user:ada').waitFor();
  const depends = page.getByRole('region', { name: 'Hear it if their filters hold' });
  await depends.getByText('user:bob').click();
  await depends.getByText('object.status=["Failed"]').waitFor();
  expect(await accessFaults(page)).toEqual([]);
});
