import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { ConsoleCheckout } from '../support/console-home.ts';
import { startNode, type TestNode } from '../support/node.ts';

const HTML = { Accept: 'text/html' };
const BUILDER = fileURLToPath(new URL('../../deploy/package/build-console.ts', import.meta.url));
const WITHIN = { timeout: 25_000, interval: 50 };

function startIn({ home }: ConsoleCheckout): Promise<TestNode> {
  return startNode({ BELFRY_CONSOLE: 'on' }, DIALECTS, home);
}

/** What a node says of its console in its log. */
function said({ log }: TestNode): unknown[] {
  return log.map(({ msg }) => msg).filter((msg) => String(msg).includes('console'));
}

/** What the script of the page is, as soon as a node shows the page. */
async function scriptOf({ url }: TestNode): Promise<string> {
  const page = await vi.waitUntil(async () => {
    const response = await fetch(`${url}/console/`, { headers: HTML });
    return response.status === 200 && response.text();
  }, WITHIN);
  const [, address = ''] = /src="\.\/([^"]+)"/.exec(page) ?? [];
  return (await fetch(`${url}/console/${address}`)).text();
}

/** Runs the program that builds. */
function builderIn({ home }: ConsoleCheckout) {
  const child = fork(BUILDER, [fileURLToPath(home)], { stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[code: number | null]>;
  return { child, ended };
}

describe('the console of a checkout', () => {
  it('is built when somebody first opens it, who is told so and then shown it, and not again by a second node', async () => {
    const checkout = new ConsoleCheckout("document.title = 'first'");
    const node = await startIn(checkout);
    expect(said(node)).toEqual([]);
    const waiting = await fetch(node.url, { headers: HTML });
    expect([waiting.url, waiting.status]).toEqual([`${node.url}/console/`, 503]);
    expect(waiting.headers.get('retry-after')).toBe('2');
    expect(await waiting.text()).toContain('The console is being built');
    const refusal = await fetch(`${node.url}/console/`);
    expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await scriptOf(node)).toContain('first');
    expect(said(node)).toEqual(['the console is being built', 'the console is ready']);
    expect(node.log.find(({ msg }) => msg === 'the console is ready')?.['ms']).toBeGreaterThan(0);

    const second = await startIn(checkout);
    expect(await scriptOf(second)).toContain('first');
    expect([said(second), checkout.builds]).toEqual([[], 1]);
  });

  it('is built again by the next node when its sources have changed', async () => {
    const checkout = new ConsoleCheckout("document.title = 'old'");
    expect(await scriptOf(await startIn(checkout))).toContain('old');
    checkout.write("document.title = 'new'");
    const next = await startIn(checkout);
    next.buildConsole();
    await vi.waitUntil(() => said(next).includes('the console is ready'), WITHIN);
    expect(await scriptOf(next)).toContain('new');
    expect(
      readdirSync(new URL('dist/assets/', checkout.home)).filter((name) => name.endsWith('.js')),
    ).toHaveLength(1);
  });

  it('is built once for nodes that start together, and by the next when the process that built it was killed', async () => {
    const checkout = new ConsoleCheckout("document.title = 'one'");
    const working = new URL('dist/.building/', checkout.home);
    mkdirSync(working, { recursive: true });
    writeFileSync(new URL('pid', working), '999999999');
    const nodes = await Promise.all([startIn(checkout), startIn(checkout), startIn(checkout)]);
    expect(await Promise.all(nodes.map(scriptOf))).toEqual(Array(3).fill(expect.stringContaining('one')));
    expect([checkout.builds, existsSync(working)]).toEqual([1, false]);
  });

  it('is shown as what its build said when that failed, and then as soon as somebody has built it by hand', async () => {
    const checkout = new ConsoleCheckout("import './nothing.ts'");
    const node = await startIn(checkout);
    const page = await vi.waitUntil(async () => {
      const text = await (await fetch(`${node.url}/console/`, { headers: HTML })).text();
      return text.includes('could not be built') && text;
    }, WITHIN);
    expect(page).toMatch(/<pre[^]*nothing\.ts[^]*<\/pre>/);
    const failed = node.log.find(({ msg }) => msg === 'the console could not be built');
    expect(failed).toMatchObject({ level: 40, reason: expect.stringContaining('nothing.ts') as string });
    // The root does not lead to a page that nobody can use.
    expect(await (await fetch(node.url, { headers: HTML })).text()).toContain('speaks there');
    checkout.write("document.title = 'mended'");
    expect(await builderIn(checkout).ended).toEqual([0, null]);
    expect(await scriptOf(node)).toContain('mended');
  });

  it('is not built where what builds it is not installed, which the page says', async () => {
    const node = await startIn(new ConsoleCheckout('1', { installed: false }));
    const page = await fetch(`${node.url}/console/`, { headers: HTML });
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('<code>npm ci</code>')]);
    expect(said(node)).toEqual([]);
  });

  it('is built with a lower priority than its node, and no longer when the node stops, which does not wait for it', async () => {
    const checkout = new ConsoleCheckout('1', { endless: true });
    const node = await startIn(checkout);
    node.buildConsole();
    const pid = await vi.waitUntil(() => builderOf(checkout), WITHIN);
    expect(getPriority(pid)).toBeGreaterThanOrEqual(10);
    await node.stop();
    await vi.waitUntil(() => !isRunning(pid), WITHIN);
    expect(said(node)).toEqual(['the console is being built']);
  });

  it('is no longer built when its node was killed', async () => {
    const checkout = new ConsoleCheckout('1', { endless: true });
    const { child, ended } = builderIn(checkout);
    await vi.waitUntil(() => builderOf(checkout), WITHIN);
    child.disconnect();
    expect(await ended).toEqual([1, null]);
  });
});

/** The process that is building, if one is. */
function builderOf({ home }: ConsoleCheckout): number | undefined {
  const file = new URL('dist/.building/pid', home);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
