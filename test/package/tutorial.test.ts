import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { page as pageOf } from '../docs/pages.ts';
import { startBrowser } from '../support/browser.ts';
import { CommandProcess } from '../support/process.ts';
import { pack } from './npm.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = 'src/clients/examples/deploy-dashboard/';

interface Block {
  readonly language: string;
  /** The file that the block is, or the name of the terminal in which it runs. */
  readonly name: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = Array.from(
  pageOf('src/docs/tutorial/deploy-dashboard.md').text.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm),
  ([, language = '', name = '', text = '']) => ({ language, name, text }),
);

it('the tutorial of the deploy dashboard ends with the files of the example', async () => {
  const last = new Map(
    BLOCKS.filter(({ language }) => language !== 'sh').map(({ name, text }) => [name, text]),
  );
  for (const own of ['vite.config.ts', 'tsconfig.json']) expect(last.delete(own)).toBe(true);
  expect(last.size).toBeGreaterThan(9);
  for (const [name, text] of last)
    expect([name, text]).toEqual([name, await readFile(join(ROOT, EXAMPLE, name), 'utf8')]);
});

it(
  'the tutorial of the deploy dashboard works in an empty folder with the two packages',
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'belfry-tutorial-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const home = await mkdtemp(join(tmpdir(), 'belfry-packed-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const packed = [await pack(ROOT, home), await pack(join(ROOT, 'src/clients/sdk'), home)];
    const tarballs = packed.map(({ filename }) => join(home, filename)).join(' ');
    const env = {
      ...process.env,
      NO_COLOR: '1',
      BELFRY_CONTEXTS: join(home, 'contexts.json'),
      BELFRY_LISTEN: '127.0.0.1:0=native',
    } as Record<string, string>;

    /** Runs a block as it stands, but with the packages of this checkout. */
    const run = async (text: string): Promise<string> => {
      const script = text.replace('npm install belfry @belfry/client', `npm install ${tarballs}`);
      return (await promisify(execFile)('bash', ['-ec', script], { cwd: folder, env })).stdout;
    };
    /** Runs a block that the reader leaves running. Its last line takes the place of the shell, so that it ends with the test. */
    const begin = (text: string, url = ''): CommandProcess => {
      const script = text
        .replace(/^npx (.+)\n$/m, 'exec node_modules/.bin/$1')
        .replace(/^node (.+)\n$/m, 'exec node $1');
      return new CommandProcess(
        ['-ec', `cd '${folder}'; ${script}`],
        { ...env, BELFRY_URL: url },
        [],
        'bash',
      );
    };

    let [hub, address, token, tried] = ['', '', '', ''];
    for (const { language, name, text } of BLOCKS) {
      if (language !== 'sh') {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      } else if (name === 'hub') {
        hub = /http:\S+/.exec(await begin(text).line(/^ {2}http:.* speaks native/))?.[0] ?? '';
        token = (await run('npx belfry context token local')).trim();
      } else if (name === 'deployer') await begin(text, hub).line(/Waiting for requests/);
      else if (name === 'try') tried = await run(text);
      else if (name === 'vite') {
        const line = await begin(text).line(/Local:/);
        address = /http:\S+/.exec(line)?.[0] ?? '';
      } else await run(text);
    }
    expect(tried.match(/deploy\.step\.web/g)).toHaveLength(8);

    const browser = await startBrowser();
    const page = await browser.newPage();
    await page.goto(`${address}#token=${token}&hub=${hub}`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.locator('.services li', { hasText: 'web' }).waitFor();
    await page.getByRole('button', { name: 'Deploy api' }).click();
    await page.locator('.services li', { hasText: 'api' }).waitFor();
    expect(await page.locator('.steps li', { hasText: 'api' }).count()).toBe(8);
  },
);
