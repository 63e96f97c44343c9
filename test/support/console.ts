import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished } from 'vitest';
import { CONSOLE_HOME } from '../../src/app-console.ts';
import { BUILDER, isStale } from '../../src/gateway/console/console-sources.ts';
import { startNode, type TestNode } from './node.ts';

const run = promisify(execFile);
/** Beside other tests the build takes that long. */
const BUILT_WITHIN_MS = 120_000;

/** The tests of a file need the console of this checkout. It is built before the first of them, if it is older than its sources. */
export function needConsole(): void {
  beforeAll(async () => {
    if (await isStale(CONSOLE_HOME))
      await run(process.execPath, [
        fileURLToPath(new URL(BUILDER, CONSOLE_HOME)),
        fileURLToPath(CONSOLE_HOME),
      ]);
  }, BUILT_WITHIN_MS);
}

/** Starts a node that serves the console. */
export function startConsoleNode(settings: Readonly<Record<string, string>> = {}): Promise<TestNode> {
  return startNode({ BELFRY_CONSOLE: 'on', ...settings });
}

export interface ConsoleOptions extends BrowserContextOptions {
  /** Where the page begins, such as `/live?pattern=deploy.*.*`. */
  readonly path?: string;
  /** Absent, the page belongs to an admin. */
  readonly token?: string;
}

/**
 * Opens the console of a node by the link that signs in. The test fails in its teardown if the page had an error or broke its
 * content security policy.
 */
export async function openConsole(
  browser: Browser,
  node: Pick<TestNode, 'url' | 'token'>,
  { path = '/', token, ...options }: ConsoleOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  onTestFinished(async () => {
    // An answer that a test changes may still be on its way.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
    expect(faults).toEqual([]);
  });
  await page.goto(`${node.url}/console/#token=${token ?? (await node.token())}`);
  await page.getByRole('navigation', { name: 'Screens' }).waitFor();
  await page.goto(`${node.url}/console/#${path}`);
  return page;
}

interface Finding {
  readonly id: string;
  readonly impact?: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds on the page that is serious or critical: its rule, and where. */
export async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as { readonly violations: readonly Finding[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
