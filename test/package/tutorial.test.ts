import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { allowedBy, page as pageOf } from '../docs/pages.ts';
import { startBrowser } from '../support/browser.ts';
import { CommandProcess } from '../support/process.ts';
import { freePort } from '../support/redis-server.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = 'src/clients/examples/deploy-dashboard/';

interface Block {
  readonly language: string;
  /** The file that the block is, or the name of the terminal in which it runs until it is ended. */
  readonly name: string;
  readonly text: string;
  /** What the page says that it prints. */
  readonly output: string | undefined;
}

const BLOCK = /^```(\w+) ?(\S*)\n([\s\S]*?)^```$(?:\n```text output\n([\s\S]*?)^```$)?/gm;

const blocksOf = (text: string): Block[] =>
  Array.from(text.matchAll(BLOCK), ([, language = '', name = '', content = '', output]) => ({
    language,
    name,
    text: content,
    output,
  }));

const { text: TUTORIAL } = pageOf('src/docs/tutorial/deploy-dashboard.md');

/** The sections of the page, each with its heading. */
const SECTIONS = TUTORIAL.split(/^## /m)
  .slice(1)
  .map((text) => ({ title: text.split('\n', 1)[0] ?? '', blocks: blocksOf(text) }));

/** Files that only the reader needs, since the checkout has its own. */
const READERS_OWN = ['vite.config.ts', 'tsconfig.json'];

it('the tutorial of the deploy dashboard ends with the files of the example', async () => {
  const last = new Map(
    blocksOf(TUTORIAL)
      .filter(({ language }) => language !== 'sh')
      .map(({ name, text }) => [name, text]),
  );
  for (const own of READERS_OWN) expect(last.delete(own)).toBe(true);
  expect(last.size).toBeGreaterThan(9);
  for (const [name, text] of last)
    expect([name, text]).toEqual([name, await readFile(join(ROOT, EXAMPLE, name), 'utf8')]);
});

/** What a package is made of. Other tests build in this checkout at the same time, so the reader has a copy. */
const CHECKOUT = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'deploy',
  'package-lock.json',
  'package.json',
  'src',
  'tsconfig.json',
];

async function copyCheckout(to: string): Promise<void> {
  const filter = (path: string): boolean => basename(path) !== 'dist';
  for (const part of CHECKOUT)
    await cp(join(ROOT, part), join(to, part), { recursive: true, preserveTimestamps: true, filter });
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}

/** Does what the page says, in an empty folder. Its ports become free ones, so that nothing else of the machine is in the way. */
class Reader {
  readonly #folder: string;
  readonly #checkout: string;
  readonly #env: Record<string, string>;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #terminals = new Map<string, CommandProcess>();

  constructor(home: string, ports: ReadonlyMap<string, number>) {
    this.#folder = join(home, 'deploys');
    this.#checkout = join(home, 'belfry');
    this.#ports = ports;
    this.#env = {
      ...(process.env as Record<string, string>),
      NO_COLOR: '1',
      BELFRY_CONTEXTS: join(home, 'contexts.json'),
      BELFRY_LISTEN: `${ports.get('8800')}=native`,
    };
  }

  async follow({ language, name, text, output }: Block): Promise<void> {
    if (language !== 'sh') await this.#write(name, text);
    else if (name === '' || name === 'checkout') await this.#run(name, text, output);
    else await this.#begin(name, text, output);
  }

  /** The first line of a terminal that matches. */
  line(terminal: string, pattern: RegExp): Promise<string> {
    const found = this.#terminals.get(terminal);
    if (found === undefined) throw new Error(`The page runs nothing in the terminal "${terminal}".`);
    return found.line(pattern);
  }

  async read(file: string): Promise<string> {
    return (await readFile(join(this.#folder, file), 'utf8')).trim();
  }

  async command(script: string): Promise<string> {
    return (await promisify(execFile)('bash', ['-ec', script], { cwd: this.#folder, env: this.#env })).stdout;
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.#folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, this.#here(text));
  }

  /** A command that ends by itself. */
  async #run(name: string, text: string, output = '…'): Promise<void> {
    const cwd = name === 'checkout' ? this.#checkout : this.#folder;
    const script = `set -o pipefail\nredis-cli() { command redis-cli -p ${this.#ports.get('6379')} "$@"; }\n${this.#here(text)}`;
    const { stdout } = await promisify(execFile)('bash', ['-ec', script], { cwd, env: this.#env });
    const last = stdout.trimEnd().split('\n').at(-1) ?? '';
    if (!allowedBy(output).test(last))
      throw new Error(`${text} printed at last:\n${last}\nThe page says:\n${output}`);
  }

  /** A command that is left running until the page has another one for this terminal, which takes a Ctrl-C first. */
  async #begin(terminal: string, text: string, output = ''): Promise<void> {
    const before = this.#terminals.get(terminal);
    before?.signalGroup('SIGINT');
    await before?.exited;
    const cwd = terminal === 'hub' ? this.#checkout : this.#folder;
    const script = `cd '${cwd}'\n${this.#here(text)}`;
    // The copy shares the packages of the checkout, and must not install them anew below other tests.
    const env = { ...this.#env, ...(terminal === 'hub' && { npm_config_ignore_scripts: 'true' }) };
    const running = new CommandProcess(['-ec', script], env, [], 'bash', true);
    this.#terminals.set(terminal, running);
    for (const line of this.#here(output).split('\n').filter(Boolean)) await running.line(allowedBy(line));
  }

  #here(text: string): string {
    return text.replaceAll(/\b(?:880\d|6379)\b/g, (port) => String(this.#ports.get(port) ?? port));
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `line ${n + 1}`);

/** The lines of a key that the page shows, oldest first. */
const logOn = async (page: Page, key: string): Promise<string[]> => {
  const rows = page.locator('.log li', { has: page.locator('b', { hasText: key }) });
  return (await rows.locator('code').allInnerTexts()).toReversed();
};

const deploy = async (page: Page, service: string): Promise<void> => {
  await page.getByRole('button', { name: `Deploy ${service}` }).click();
  const steps = page.locator('.steps li[data-status=done]', { hasText: service });
  await expect.poll(() => steps.count()).toBe(4);
};

it.skipIf(!HAS_REDIS_SERVER)(
  'the tutorial of the deploy dashboard works to the letter, from npm start to three nodes, of which one is killed and nothing is lost',
  { timeout: 400_000 },
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'belfry-tutorial-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    await copyCheckout(join(home, 'belfry'));
    const { port } = await startRedisServer();
    const ports = new Map([['6379', port]]);
    for (const stated of ['8800', '8801', '8802', '8803']) ports.set(stated, await freePort());
    const reader = new Reader(home, ports);
    const browser = await startBrowser();
    let page = await browser.newPage();
    const open = async (token: string, status: string): Promise<void> => {
      const address = /http:\S+/.exec(await reader.line('vite', /Local:/))?.[0] ?? '';
      await page.close();
      page = await browser.newPage();
      // Vite tells a page of changed files only once the page is connected to it.
      const hears = page.waitForEvent('console', (said) => said.text().includes('[vite] connected'));
      await Promise.all([hears, page.goto(`${address}#token=${token.trim()}`)]);
      await page.getByText(status, { exact: true }).waitFor();
    };

    /** What the reader sees, or does on the page, when a section is done. */
    const seen: Readonly<Record<string, () => Promise<void>>> = {
      '4. Is it connected?': async () => open(await reader.command('npx belfry context token local'), 'idle'),
      '5. The steps': async () => {
        await page.getByText('live', { exact: true }).waitFor();
        await deploy(page, 'api');
      },
      '6. The log': async () => {
        await page.locator('.steps li', { hasText: 'mail backup' }).waitFor();
        await expect.poll(() => logOn(page, 'mail')).toEqual(['one', 'two']);
      },
      '7. What runs, and who is there': async () => {
        await page.locator('.services li', { hasText: 'api' }).waitFor();
        await page.locator('.team [data-online=true]', { hasText: 'admin' }).waitFor();
      },
      '9. Three nodes': async () => {
        await page.getByRole('button', { name: 'Try now' }).click();
        await page.locator('.connection', { hasText: 'The token is not valid' }).waitFor();
        await open(await reader.read('token.txt'), 'live');
        await deploy(page, 'api');
      },
      '10. Publish with one command of Redis': async () => {
        await expect.poll(() => logOn(page, 'web')).toEqual(['by Redis']);
      },
      '11. Kill one': async () => {
        await expect.poll(() => logOn(page, 'night'), { timeout: 30_000 }).toEqual(numbered(100));
        expect(await page.getByRole('alert').count()).toBe(0);
        await deploy(page, 'web');
      },
    };
    /** What the reader waits for on the page before the commands of a section. */
    const shown: Readonly<Record<string, string>> = { '6. The log': '.log' };
    const titles = SECTIONS.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(Object.keys(seen)));
    for (const { title, blocks } of SECTIONS) {
      for (const block of blocks) {
        const part = shown[title];
        if (part !== undefined && block.language === 'sh') await page.locator(part).waitFor();
        await reader.follow(block);
      }
      await seen[title]?.();
    }
  },
);
