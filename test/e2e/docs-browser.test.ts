import type { Browser, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { startNode } from '../support/node.ts';

/** The messages on the console of the browser, which include errors of the page. */
function consoleOf(page: Page): string[] {
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  page.on('pageerror', (error) => lines.push(error.message));
  return lines;
}

async function openAt(browser: Browser, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  return context.newPage();
}

it('a reader opens the documentation in a browser, searches a word, and follows a result to its heading', async () => {
  const [browser, { url }] = await Promise.all([startBrowser(), startNode()]);
  const page = await openAt(browser, 1_280, 'light');
  const told = consoleOf(page);
  await page.goto(url);
  await page.locator('main').getByRole('link', { name: '/docs', exact: true }).click();
  await page.getByRole('searchbox').fill('event_too_big');
  await page.getByRole('searchbox').press('Enter');
  await page.getByRole('main').getByRole('link', { name: 'event_too_big' }).first().click();
  expect(page.url()).toBe(`${url}/docs/reference/errors#event_too_big`);
  const heading = page.getByRole('heading', { name: 'event_too_big' });
  const at = await heading.boundingBox();
  const header = await page.getByRole('banner').boundingBox();
  // The heading is not hidden behind the header, which stays at the top of the window.
  expect(at?.y).toBeGreaterThanOrEqual(header?.height ?? 0);
  expect(at?.y).toBeLessThan(800);
  expect(told).toEqual([]);
}, 60_000);

it.each([1_280, 390])(
  'no page of a node is wider than a screen of %i pixels, in light or dark',
  async (width) => {
    const [browser, { url }] = await Promise.all([startBrowser(), startNode()]);
    const paths = [
      '/',
      '/docs',
      '/docs?q=token',
      '/docs/reference/settings',
      '/docs/reference/rest',
      '/docs/reference/command',
    ];
    const grounds = new Set<unknown>();
    for (const scheme of ['light', 'dark'] as const) {
      const page = await openAt(browser, width, scheme);
      const told = consoleOf(page);
      for (const path of paths) {
        await page.goto(`${url}${path}`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      }
      grounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      expect(told).toEqual([]);
    }
    expect(grounds.size).toBe(2);
  },
  60_000,
);
