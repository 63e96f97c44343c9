import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import { TEST_SECRET, type TestNode } from '../../support/node.ts';
import { cheapHash } from '../../support/password.ts';

needConsole();

const USERS = JSON.stringify([{ name: 'ada', password: cheapHash('lovelace'), roles: ['admin'] }]);

const menuOf = (page: Page): Promise<string[]> =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('link').allTextContents();

describe('who opens the console', () => {
  it('signs in with user and password, is told what was wrong, and stays signed in after a reload', async () => {
    const [node, browser] = [await startConsoleNode({ BELFRY_USERS: USERS }), await startBrowser()];
    const page = await browser.newPage();
    await page.goto(`${node.url}/console/`);
    const signIn = async (password: string): Promise<void> => {
      await page.getByLabel('User', { exact: true }).fill('ada');
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await signIn('byron');
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/password/);
    expect(await accessFaults(page)).toEqual([]);
    await signIn('lovelace');
    await page.getByText('user:ada').waitFor();
    await page.reload();
    await page.getByText('user:ada').waitFor();
    await page.evaluate('sessionStorage.setItem("belfry-sent", "[]")');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password', { exact: true }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('signs in by a link, whose token does not stay in the address', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const page = await openConsole(browser, node, { path: '/deploys' });
    await page.getByRole('heading', { name: 'Deploys' }).waitFor();
    expect(page.url()).not.toContain('token');
    expect(JSON.stringify(node.log)).not.toContain(
      await page.evaluate('sessionStorage.getItem("belfry-token")'),
    );
  });

  it('takes a link that signs in, in a tab where the console is open', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const page = await openConsole(browser, node, { path: '/deploys' });
    await page.getByText('user:admin').waitFor();
    await page.goto(`${node.url}/console/#token=${await node.token('root', { roles: ['admin'] })}`);
    await page.getByText('user:root').waitFor();
    expect(page.url()).not.toContain('token');
  });

  it('signs in with a token of the identity provider, and sees only the screens that it may use', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const page = await browser.newPage();
    await page.goto(`${node.url}/console/`);
    await page.getByRole('button', { name: 'Token' }).click();
    await page
      .getByLabel(/^Token of/)
      .fill(await node.token('eve', { subscribe: ['orders.*.*'], publish: [] }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('user:eve').waitFor();
    const menu = await menuOf(page);
    expect(menu).toContain('Live');
    expect(menu).not.toContain('Deploys');
  });

  it.each([
    ['ends', async () => foreignToken(10)],
    ['is revoked', async (node: TestNode) => node.token()],
  ])(
    'signs in again on the same page when the token %s, and goes on where it was',
    async (how, tokenOf) => {
      const [node, browser] = [await startConsoleNode(), await startBrowser()];
      const page = await openConsole(browser, node, { path: '/deploys?q=shop', token: await tokenOf(node) });
      if (how === 'is revoked') {
        await page.getByText('Connected').waitFor();
        const headers = { Authorization: `Bearer ${await node.token('root')}` };
        await fetch(`${node.url}/api/v3/tokens?principal=user:admin`, { method: 'DELETE', headers });
      }
      const dialog = page.getByRole('dialog', { name: 'Sign in again' });
      await dialog.waitFor({ timeout: 25_000 });
      expect(await accessFaults(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Token' }).click();
      await dialog.getByLabel(/^Token of/).fill(await foreignToken(600));
      await dialog.getByRole('button', { name: 'Sign in' }).click();
      await dialog.waitFor({ state: 'detached' });
      await page.getByText('Connected').waitFor();
      expect(await page.getByLabel('Search runs').inputValue()).toBe('shop');
    },
    60_000,
  );
});

/** A token of an admin that an identity provider made, which the hub cannot renew. It is a second newer than all others. */
function foreignToken(ttlS: number): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ sub: 'user:admin', roles: ['admin'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(now + 1)
    .setExpirationTime(now + ttlS)
    .sign(new TextEncoder().encode(TEST_SECRET));
}

describe('the frame of the console', () => {
  it('is used by the keyboard alone: the palette, the keys of screens, and their list', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const page = await openConsole(browser, node);
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Deploys' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Go to a screen').waitFor();
    await page.keyboard.type('live');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    await keys.waitFor();
    expect(await keys.textContent()).toContain('g d');
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
  });

  it.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility in a %s theme',
    async (colorScheme) => {
      const [node, browser] = [await startConsoleNode(), await startBrowser()];
      const page = await openConsole(browser, node, { path: '/deploys', colorScheme });
      await page.getByText('There was no run in the last day').waitFor();
      expect(await accessFaults(page)).toEqual([]);
    },
  );

  it('has no horizontal scroll bar on a page of 400 pixels', async () => {
    const [node, browser] = [await startConsoleNode(), await startBrowser()];
    const page = await openConsole(browser, node, {
      path: '/deploys',
      viewport: { width: 400, height: 800 },
    });
    await page.getByText('There was no run in the last day').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
  });
});
