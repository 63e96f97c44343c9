import { Redis } from 'ioredis';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import type { TestNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';

needConsole();

interface World {
  readonly node: TestNode;
  /** Adds texts to the ingress. */
  readonly add: (...texts: string[]) => Promise<void>;
  /** How many dead letters there are. */
  readonly count: () => Promise<number>;
  /** The texts of the log. */
  readonly log: () => Promise<string>;
}

async function start(): Promise<World> {
  const prefix = randomPrefix();
  const node = await startConsoleNode({ BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix });
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`{${prefix}}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const headers = { Authorization: `Bearer ${await node.token()}` };
  return {
    node,
    add: async (...texts) => {
      for (const text of texts) await redis.xadd(`{${prefix}}:ingress`, '*', 'event', text);
    },
    count: () => redis.xlen(`{${prefix}}:dead-letters`),
    log: async () => (await fetch(`${node.url}/api/v3/events?pattern=deploy.*.*`, { headers })).text(),
  };
}

const BROKEN = '{"type":"deploy","action":"begin","key":"shop","object":{"n":12345678901234567890123,}}';
const HOSTILE = 'no JSON <img src=x onerror="document.title=1"> \u202egnp.exe';

const rowsOf = (page: Page): Locator => page.getByRole('list', { name: 'Dead letters' }).getByRole('link');
const textOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Text of the dead letter' });

describe('the screen Dead letters', () => {
  it('says what dead letters are while there are none, and shows new ones with the fault marked', async () => {
    const [{ node, add, count }, browser] = [await start(), await startBrowser()];
    const page = await openConsole(browser, node, { path: '/dead-letters' });
    await page.getByText('There are no dead letters').waitFor();
    await add(BROKEN, HOSTILE);
    await expect.poll(count).toBe(2);
    // Somebody comes back to the page, which asks again then, and every ten seconds.
    const shown = async (): Promise<number> => {
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
      return rowsOf(page).count();
    };
    await expect.poll(shown).toBe(2);
    await page.keyboard.press('j');
    await page.getByRole('button', { name: `line 1, column ${BROKEN.indexOf(',}') + 2}` }).waitFor();
    await expect.poll(() => page.locator('.cm-lintRange-error').textContent()).toBe('}');
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press('j');
    await expect.poll(() => textOf(page).textContent()).toContain('onerror');
    expect(await rowsOf(page).nth(1).textContent()).toContain(String.raw`\u202egnp.exe`);
    expect(await page.title()).toContain('Dead letters');
    await page.keyboard.press('Escape');
    await page.getByText('No dead letter is selected').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('no such words');
    await page.getByText('None of them matches').waitFor();
  });

  it('publishes a text that was mended, and deletes the letter', async () => {
    const [{ node, add, count, log }, browser] = [await start(), await startBrowser()];
    await add(BROKEN);
    await expect.poll(count).toBe(1);
    const page = await openConsole(browser, node, {
      path: '/dead-letters',
      viewport: { width: 400, height: 800 },
    });
    await rowsOf(page).first().click();
    await page.getByRole('button', { name: 'Edit and retry' }).click();
    await textOf(page).press('Control+End');
    for (const key of ['ArrowLeft', 'ArrowLeft', 'Backspace']) await page.keyboard.press(key);
    await page.locator('.cm-deletedChunk').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Publish instead' }).click();
    await page.getByText('and the dead letter is deleted').waitFor();
    expect(await count()).toBe(0);
    expect(await log()).toContain('"object":{"n":12345678901234567890123}');
  });

  it('retries or deletes all of a filter, after it asked', async () => {
    const [{ node, add, count }, browser] = [await start(), await startBrowser()];
    await add('one', 'two', '{"type":"belfry","action":"b","key":"c"}');
    await expect.poll(count).toBe(3);
    const page = await openConsole(browser, node, { path: '/dead-letters?reason=json_invalid' });
    await page.getByText('2 of 3').waitFor();
    await page.getByRole('button', { name: 'Retry all 2' }).click();
    await page.getByRole('button', { name: 'Retry them' }).click();
    await page.getByText('2 of 2 retried').waitFor();
    await expect.poll(() => page.getByText('again', { exact: true }).count()).toBe(2);
    await page.getByRole('button', { name: 'Delete all 2' }).click();
    await page.getByRole('button', { name: 'Delete them' }).click();
    await expect.poll(count).toBe(1);
  });

  it('offers nothing but to read to somebody who may do nothing else, and is not there for others', async () => {
    const [{ node, add, count }, browser] = [await start(), await startBrowser()];
    await add('one');
    await expect.poll(count).toBe(1);
    const reader = await node.token('ada', { subscribe: ['dead-letters.list.*'], publish: [] });
    const page = await openConsole(browser, node, { path: '/dead-letters', token: reader });
    await rowsOf(page).first().click();
    await page.getByText('Not usable as JSON').waitFor();
    expect(await page.getByRole('button', { name: /Retry|Delete|Edit/ }).count()).toBe(0);
    const other = await node.token('eve', { subscribe: ['tasks.*.*'], publish: [] });
    const none = await openConsole(browser, node, { path: '/dead-letters', token: other });
    await none.getByText('There is no such screen').waitFor();
  });
});
