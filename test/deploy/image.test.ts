import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { carriedPackages } from '../../deploy/package/carried.ts';
import { read } from './files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('the image builds the console from the files that it copies, and carries only what is built of it', () => {
  const [, stage = ''] = /^FROM \S+ AS console$([^]*?)^FROM/m.exec(read('deploy/Dockerfile')) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'belfry-image-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // What .dockerignore keeps out of the build of the image.
  const isKeptOut = (path: string): boolean => /\/console\/dist(?:\/|$)|\/examples(?:\/|$)/.test(path);
  for (const [, paths = ''] of stage.matchAll(/^COPY (.+) \S+$/gm)) {
    for (const path of paths.split(' '))
      cpSync(join(ROOT, path), join(folder, path), { recursive: true, filter: (from) => !isKeptOut(from) });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const [command = ''] = /^RUN node [^]*?[^\\]$/m.exec(stage) ?? [];
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
  const shell = command.replace('RUN', '').replaceAll('\\\n', ' ');
  execFileSync('sh', ['-ec', shell], { cwd: folder, env: { PATH: path } });
  const home = join(folder, 'src/clients/console');
  expect(readdirSync(home)).toEqual(['dist']);
  expect(readdirSync(join(home, 'dist')).toSorted()).toEqual(['assets', 'index.html']);
  const texts = readFileSync(join(home, 'dist/assets/third-party-licenses.md'), 'utf8');
  const bundled = [...texts.matchAll(/^## (\S+) - (\S+) \(/gm)].map(
    ([, name, version]) => `${name}@${version}`,
  );
  const known = new Set(carriedPackages().map(({ name, version }) => `${name}@${version}`));
  expect(bundled.length).toBeGreaterThan(20);
  expect(bundled.filter((each) => !known.has(each))).toEqual([]);
}, 120_000);
