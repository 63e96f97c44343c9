import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { hubDigest, RECORDED, type Recorded } from '../support/record.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const LEVELS = 'npm run --silent bench -- latency && npm run --silent docs';

type Measured = Pick<Recorded<unknown>, 'version' | 'hub' | 'othersUsed' | 'command'>;

const FRESH = {
  version: '7.0.0',
  hub: hubDigest(),
  othersUsed: 0.01,
  command: 'npm run bench -- latency',
} satisfies Measured;

/** A checkout with a version and code of its own, in which npm says with what it was called and publishes nothing. */
function checkout(version: string, measured: Measured): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of [
    'src',
    'test/support/record.ts',
    'test/support/machine.ts',
    'deploy/package/release.ts',
  ])
    cpSync(join(ROOT, path), join(folder, path), {
      recursive: true,
      filter: (from) => !/\/(?:node_modules|dist)$/.test(from),
    });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ type: 'module', version, scripts: { levels: LEVELS } }),
  );
  for (const name of RECORDED) {
    const file = join(folder, `src/docs/reference/service-levels/${name}.json`);
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded<unknown>;
    writeFileSync(file, JSON.stringify({ ...recorded, ...measured }));
  }
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/npm'), '#!/bin/sh\necho "npm $*"\n');
  chmodSync(join(folder, 'bin/npm'), 0o755);
  return folder;
}

function release(folder: string): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [join(folder, 'deploy/package/release.ts'), '--dry-run'], {
    encoding: 'utf8',
    env: { PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter) },
  });
}

it('the workflow tries the release before it pushes the image or a package', () => {
  const [, check = ''] =
    /^ {2}check:\n([\s\S]*?)^ {2}\w/m.exec(
      readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'),
    ) ?? [];
  expect(check).toContain('- run: npm run release -- --dry-run\n');
});

it('a release goes out with service levels that were measured of its own code', () => {
  const { status, stdout } = release(checkout('7.0.0', FRESH));
  expect([status, stdout]).toEqual([0, 'npm publish --access public --dry-run\n'.repeat(2)]);
});

it.each([
  ['of an older version', { version: '6.9.9' }, 'it is of 6.9.9'],
  ['of other code', { hub: '000000000000' }, 'it is of 7.0.0, code 000000000000'],
  ['of a machine that others used', { othersUsed: 0.41 }, 'others used 41 % of the machine'],
  ['a part', { command: 'npm run bench -- --quick latency' }, '`npm run levels` has another command'],
])(
  'a release is refused while its service levels are %s, and says how to measure them',
  (_, measured, reason) => {
    const { status, stdout, stderr } = release(checkout('7.0.0', { ...FRESH, ...measured }));
    expect([status, stdout]).toEqual([1, '']);
    for (const name of RECORDED) expect(stderr).toContain(`${name}: ${reason}`);
    expect(stderr).toContain('npm run levels');
  },
);
