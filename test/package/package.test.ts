import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandProcess } from '../support/process.ts';
import { emptyFolder, faultsOf, INSTALL_MS, npm, pack, QUIET, runtimeOf, type Packed } from './npm.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let packed: Packed;

/** The command that an installation of the package has. */
async function installed(): Promise<string> {
  const home = await emptyFolder(folder, 'app-');
  await npm(home, 'install', ...QUIET, join(folder, packed.filename));
  return join(home, 'node_modules/.bin/belfry');
}

describe('the package belfry', () => {
  let command: string;
  let nodes: ReadonlyMap<number, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'belfry-package-'));
    const others = Promise.all(
      [20, 22].map(async (major) => [major, await runtimeOf(folder, 'node', major)] as const),
    );
    packed = await pack(ROOT, folder);
    command = await installed();
    nodes = new Map(await others);
  }, INSTALL_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    'has the same bytes when it is packed in another folder, later, with other rights of new files and in another time zone',
    async () => {
      const other = join(folder, 'another/checkout');
      const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
        cwd: ROOT,
      });
      for (const file of files.toString().split('\0').filter(Boolean))
        cpSync(join(ROOT, file), join(other, file));
      symlinkSync(join(ROOT, 'node_modules'), join(other, 'node_modules'));
      const into = await emptyFolder(folder, 'again-');
      const shell = `umask 077 && npm pack --silent --pack-destination '${into}'`;
      execFileSync('sh', ['-c', shell], {
        cwd: other,
        env: { ...process.env, TZ: 'Asia/Tokyo' },
        stdio: 'pipe',
      });
      const [first, again] = [folder, into].map((home) => readFileSync(join(home, packed.filename)));
      expect(first?.equals(again ?? Buffer.of())).toBe(true);
    },
    INSTALL_MS,
  );

  it.each([20, 22, Number.parseInt(process.versions.node)])(
    'serves, publishes and shows its documentation and its console on Node %i',
    async (major) => {
      const node = nodes.get(major) ?? process.execPath;
      const env = { BELFRY_LISTEN: '127.0.0.1:0=native', BELFRY_JWT_SECRET: 'a secret of this test alone' };
      const hub = new CommandProcess(['serve'], env, [command], node);
      const started = JSON.parse(await hub.line(/"msg":"started"/)) as { listening: Record<string, string> };
      const [url = ''] = Object.keys(started.listening);

      const made = new CommandProcess(['token', 'ann', '--role', 'admin'], env, [command], node);
      const token = await made.line(/^ey/);
      const address = { BELFRY_URL: url, BELFRY_TOKEN: token };
      const watching = new CommandProcess(['watch', 'profiles.*.*'], address, [command], node);
      await watching.line(/connected/, watching.errorLines);
      const publishing = new CommandProcess(
        ['publish', 'profiles.save.global', '{"n":9007199254740993}'],
        address,
        [command],
        node,
      );
      expect([await publishing.exited, publishing.errorLines]).toMatchObject([{ code: 0 }, []]);
      expect(await watching.line(/global/)).toContain('{"n":9007199254740993}');

      const only = ['--check', 'native.*scri*', '--output', 'jsonl'];
      const checking = new CommandProcess(['conformance', ...only], address, [command], node);
      expect([await checking.exited, checking.errorLines]).toMatchObject([{ code: 0 }, []]);
      expect(checking.lines.filter((line) => line.includes('"passed"')).length).toBeGreaterThan(1);

      const page = await fetch(`${url}/docs/reference/native`);
      expect([page.status, await page.text()]).toEqual([
        200,
        expect.stringContaining('"command":"subscribe"'),
      ]);
      const entry = await fetch(url, { headers: { Accept: 'text/html' } });
      const loaded = [...(await entry.text()).matchAll(/(?:src|href)="(\.\/[^"]+)"/g)];
      expect([entry.url, loaded.length > 2]).toEqual([`${url}/console/`, true]);
      for (const [, file = ''] of loaded) {
        const response = await fetch(new URL(file, entry.url));
        expect([file, response.status]).toEqual([file, 200]);
      }
    },
    INSTALL_MS,
  );

  it('contains JavaScript, the files that it reads and the console as it was built, and neither TypeScript nor tests', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'dist/main.js',
        'dist/broker/publish.lua',
        'dist/docs/index.md',
        'dist/clients/console/dist/index.html',
      ]),
    );
    expect(paths.filter((path) => /\.tsx?$/.test(path) || path.startsWith('test/'))).toEqual([]);
  });

  it('has no fault that publint or arethetypeswrong finds', async () => {
    expect(await faultsOf(join(folder, packed.filename))).toEqual([]);
  });
});
