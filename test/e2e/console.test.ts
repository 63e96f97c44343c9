import type { Page } from 'playwright-core';
import { expect, it, vi } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { startBrowser } from '../support/browser.ts';
import { ConsoleCheckout } from '../support/console-home.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';
import { startSubpathProxy } from '../support/subpath-proxy.ts';

const MINUTE = 60_000;

/** What the browser says when a page breaks its content security policy. */
function violationsOf(page: Page): string[] {
  const told: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) told.push(message.text());
  });
  return told;
}

it(
  'npm start builds the console of the checkout after the node listens, and a link signs in and connects, also behind a proxy',
  async () => {
    const hub = new CommandProcess(['serve'], {
      BELFRY_LISTEN: '127.0.0.1:0=native',
      BELFRY_JWT_SECRET: TEST_SECRET,
      npm_lifecycle_event: 'start',
    });
    const [browser, started] = await Promise.all([startBrowser(), hub.line(/"msg":"started"/)]);
    const [url = ''] = Object.keys((JSON.parse(started) as { listening: object }).listening);
    const proxy = await startSubpathProxy('/hub', url);
    const { token } = await startNode();
    const admin = await token();
    const page = await browser.newPage();
    const violations = violationsOf(page);
    await page.goto(`${proxy}/console/#token=${admin}`);
    await page.getByText('user:admin').first().waitFor({ timeout: MINUTE });
    // This screen listens, over a socket through the proxy.
    await page.goto(`${proxy}/console/#/live`);
    const asAdmin = { headers: { Authorization: `Bearer ${admin}` } };
    const connections = (): Promise<unknown> =>
      fetch(`${url}/api/v3/connections?Principal=user:admin`, asAdmin).then((response) => response.json());
    await vi.waitUntil(async () => JSON.stringify(await connections()).includes('native'), {
      timeout: MINUTE,
      interval: 200,
    });
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    // The token stays neither in the address nor in what the hub has written.
    expect([page.url().startsWith(`${proxy}/console/`), page.url().includes(admin)]).toEqual([true, false]);
    expect([violations, hub.lines.filter((line) => line.includes(admin))]).toEqual([[], []]);
    const said = hub.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    // Another test or node of this checkout may have built it before.
    expect(['started', 'started,the console is being built,the console is ready']).toContain(
      said.filter((msg) => /started|console/.test(msg)).join(),
    );
  },
  2 * MINUTE,
);

it(
  'a page that waits for the console opens it by itself with the fragment of its address, and a style needs the nonce',
  async () => {
    const checkout = new ConsoleCheckout(`
      const color = (nonce: string): string => {
        const style = document.createElement('style');
        style.nonce = nonce;
        style.textContent = 'html { color: rgb(1, 2, 3) }';
        document.head.append(style);
        const { color } = getComputedStyle(document.documentElement);
        style.remove();
        return color;
      };
      const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
      document.title = [location.hash, color(nonce), color('')].join(' ');
    `);
    const [browser, { url }] = await Promise.all([
      startBrowser(),
      startNode({ BELFRY_CONSOLE: 'on' }, DIALECTS, checkout.home),
    ]);
    const page = await browser.newPage();
    const violations = violationsOf(page);
    const first = await page.goto(`${url}/console/#token=secret`);
    expect(first?.status()).toBe(503);
    const title = (): Promise<string> => page.title().catch(() => '');
    await expect.poll(title, { timeout: MINUTE }).toBe('#token=secret rgb(1, 2, 3) rgb(0, 0, 0)');
    expect(violations).toEqual([expect.stringContaining('style-src')]);
  },
  2 * MINUTE,
);
