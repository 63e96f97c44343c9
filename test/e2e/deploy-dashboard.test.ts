import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Page } from 'playwright-core';
import { build, createServer as createDevServer, type Rolldown } from 'vite';
import { expect, inject, it, onTestFinished } from 'vitest';
import { connect } from '../../src/clients/sdk/index.ts';
import { FaultProxy } from '../faults/proxy.ts';
import { startBrowser } from '../support/browser.ts';
import { startHttpServer } from '../support/http-server.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { runCommand, startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'src/clients/examples/deploy-dashboard');
const RETENTION = { BELFRY_RETENTION: '[{"pattern":"services.*.*","latest":true}]' };

/** Builds the page for production and serves it. Resolves with its address. */
async function servePage(): Promise<string> {
  const built = (await build({
    root: EXAMPLE,
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  const files = new Map(
    built.output.map((file) => [`/${file.fileName}`, 'code' in file ? file.code : file.source]),
  );
  const { url: served } = await startHttpServer(({ url = '/' }, response) => {
    const path = url === '/' ? '/index.html' : url;
    const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
    response.setHeader('Content-Type', types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    response.end(files.get(path) ?? '');
  });
  return served;
}

async function tokenOf(principal: string): Promise<string> {
  const env = { BELFRY_JWT_SECRET: TEST_SECRET };
  const { lines } = await runCommand(['token', principal, '--role', 'admin'], env);
  return lines[0] ?? '';
}

const stepsOn = async (page: Page): Promise<string[]> => {
  const rows = await page.locator('.steps li').allInnerTexts();
  return rows.map((row) => /step-\d+/.exec(row)?.[0] ?? row).toReversed();
};
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `step-${n + 1}`);

it(
  'the deploy dashboard shows what happens on two nodes, and loses nothing when one of them is killed',
  { timeout: 120_000 },
  async () => {
    const env = {
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: randomPrefix(),
      BELFRY_LISTEN: '127.0.0.1:0=native',
      BELFRY_PRESENCE_GRACE_MS: '0',
      ...RETENTION,
    };
    const [browser, at, first, second, admin] = await Promise.all([
      startBrowser(),
      servePage(),
      startNodeProcess(env),
      startNodeProcess(env),
      tokenOf('admin'),
    ]);
    const balancer = await FaultProxy.before(Number(new URL(first.url).port));
    onTestFinished(() => balancer.close());
    const other = connect(second.url, { token: admin });
    onTestFinished(() => other.close());
    const publish = async (from: number, to: number): Promise<void> => {
      for (let n = from; n <= to; n++)
        await other.publish('deploy.step.web', { step: `step-${n}`, status: 'done' });
    };

    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    await page.goto(`${at}/#hub=http://127.0.0.1:${balancer.port}&token=${admin}`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText('Nothing was deployed yet.').waitFor();
    await page.locator('[data-online=true]', { hasText: 'admin' }).waitFor();
    await page.locator('[data-online=false]', { hasText: 'ada' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);

    await publish(1, 10);
    await expect.poll(() => stepsOn(page)).toEqual(numbered(10));
    first.child.kill('SIGKILL');
    balancer.turnTo(Number(new URL(second.url).port));
    await publish(11, 20);
    await expect.poll(() => stepsOn(page), { timeout: 30_000 }).toEqual(numbered(20));
    expect(await page.getByRole('alert').count()).toBe(0);

    await page.getByRole('button', { name: 'Pause' }).click();
    await publish(21, 23);
    await page.getByRole('button', { name: 'Go on (3 new)' }).click();
    await expect.poll(() => stepsOn(page)).toEqual(numbered(23));

    await other.publish('services.save.web', { version: 'v7', by: 'ann' });
    await page.locator('.services li', { hasText: 'v7' }).waitFor();
    const ada = connect(second.url, { token: await tokenOf('ada') });
    onTestFinished(() => ada.close());
    const requests = ada.listen('deploy.request.*');
    await page.locator('[data-online=true]', { hasText: 'ada' }).waitFor();
    await page.getByRole('button', { name: 'Deploy api' }).click();
    expect((await requests.next()).value).toMatchObject({ key: 'api', principal: 'user:admin' });
    expect(faults).toEqual([]);
  },
);

it(
  'a hot reload of a component keeps its state, its events and the socket',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'belfry-hot-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const part of ['index.html', 'src'])
      await cp(join(EXAMPLE, part), join(folder, part), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const source = (file: string): string => join(ROOT, 'src/clients/sdk', file);
    const server = await createDevServer({
      root: folder,
      configFile: false,
      cacheDir: join(folder, 'cache'),
      logLevel: 'error',
      plugins: [react()],
      server: { port: 0, host: '127.0.0.1', fs: { strict: false } },
      resolve: {
        alias: [
          { find: '@belfry/client/react', replacement: source('react.ts') },
          { find: '@belfry/client', replacement: source('index.ts') },
        ],
      },
    });
    onTestFinished(() => server.close());
    await server.listen();
    const [browser, node] = await Promise.all([startBrowser(), startNode(RETENTION)]);
    const token = await node.token();
    const other = connect(node.url, { token });
    onTestFinished(() => other.close());
    const step = (n: number): Promise<string> =>
      other.publish('deploy.step.web', { step: `step-${n}`, status: 'done' });

    const page = await browser.newPage();
    await page.goto(`${server.resolvedUrls?.local[0]}#hub=${node.url}&token=${token}`);
    await page.getByText('live', { exact: true }).waitFor();
    await step(1);
    await expect.poll(() => stepsOn(page)).toEqual(['step-1']);
    await page.getByRole('button', { name: 'Pause' }).click();
    const sockets = [...node.hub.connections];
    await page.evaluate('globalThis.isSamePage = true');

    const file = join(folder, 'src/Steps.tsx');
    await writeFile(file, (await readFile(file, 'utf8')).replace('Steps\n', 'Live steps\n'));
    await page.getByRole('heading', { name: 'Live steps' }).waitFor();
    await step(2);
    await page.getByRole('button', { name: 'Go on (1 new)' }).click();
    await expect.poll(() => stepsOn(page)).toEqual(['step-1', 'step-2']);
    expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
    expect([...node.hub.connections]).toEqual(sockets);
  },
);
