import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { carriedPackages } from '../../deploy/package/carried.ts';
import { read } from '../deploy/files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Licenses that ask for no more than that their text goes with the work. */
const PERMITTED = ['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'];

describe('what package and image carry of others', () => {
  const carried = carriedPackages();

  it('stands under licenses that are permitted, each of which the documentation names', () => {
    expect(carried.length).toBeGreaterThan(100);
    expect(carried.filter(({ license }) => !PERMITTED.includes(license))).toEqual([]);
    const page = read('src/docs/reference/third-party.md').replaceAll(/\s+/g, ' ');
    const [, named = ''] = /permits the licenses (.*?), and no others/.exec(page) ?? [];
    expect(named.split(/, | and /)).toEqual(PERMITTED);
  });

  it('includes every dependency of the package, and what the console is built of', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const versions = Object.fromEntries(carried.map(({ name, version }) => [name, version]));
    expect(versions).toMatchObject(dependencies);
    const ofConsole = carried.filter(({ by }) => by === 'console').map(({ name }) => name);
    expect(ofConsole).toEqual(expect.arrayContaining(['react', 'tailwindcss', '@lezer/lr']));
    expect(ofConsole).not.toContain('vite');
  });

  it('is its bill of materials, with a hash and a license each, and nothing that changes between two runs', async () => {
    const program = ['deploy/package/sbom.ts'];
    const print = async (): Promise<string> =>
      (await promisify(execFile)(process.execPath, program, { cwd: ROOT, maxBuffer: 1 << 28 })).stdout;
    const [text, again] = await Promise.all([print(), print()]);
    const bom = JSON.parse(text) as {
      bomFormat: string;
      components: { name: string; version: string; hashes?: unknown[]; licenses?: unknown[] }[];
    };
    expect(bom.bomFormat).toBe('CycloneDX');
    const ids = (list: readonly { name: string; version: string }[]): string[] =>
      list.map(({ name, version }) => `${name}@${version}`).toSorted();
    expect(ids(bom.components)).toEqual(ids(carried));
    expect(bom.components.filter(({ hashes, licenses }) => !hashes?.length || !licenses?.length)).toEqual([]);
    expect(again).toBe(text);
  }, 120_000);
});

describe('the workflows', () => {
  const workflows = globSync('.github/workflows/*', { cwd: ROOT });

  it.each(workflows)(
    'fix in %s every action by the hash of its commit, and say which version that is',
    (path) => {
      const uses = [...read(path).matchAll(/uses: (.*)$/gm)].map(([, action = '']) => action);
      expect(uses).not.toEqual([]);
      for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w/-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
    },
  );

  it('give a job no more rights than it needs, and publish only what was tested and scanned', () => {
    const release = read('.github/workflows/release.yml');
    expect(release).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(release).toMatch(/^ {2}packages:\n {4}needs: \[check, image\]$/m);
    expect(release).toMatch(/^ {2}image:\n {4}needs: check$/m);
    expect(release.indexOf('scan-action')).toBeLessThan(release.indexOf('push: true'));
  });
});
