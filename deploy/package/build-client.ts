/**
 * Builds what the package `@belfry/client` carries, beside its package.json: JavaScript with types and source maps. With
 * `--remove` it removes that again, since a checkout runs the TypeScript.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleClient } from './client-bundle.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOME = join(ROOT, 'src/clients/sdk');
const DIST = join(HOME, 'dist');
const LICENSE = join(HOME, 'LICENSE');

// The package has the same bytes, whatever rights the shell gives to new files.
process.umask(0o022);
rmSync(DIST, { recursive: true, force: true });
rmSync(LICENSE, { force: true });
if (!process.argv.includes('--remove')) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const project = join(ROOT, 'deploy/package/tsconfig.client.json');
  execFileSync(process.execPath, [tsc, '--project', project], { stdio: 'inherit' });
  await bundleClient(DIST);
  copyFileSync(join(ROOT, 'LICENSE'), LICENSE);
}
