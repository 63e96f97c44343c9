/**
 * Publishes the packages of this repository, each built by its `prepack`. Arguments go to npm:
 * `npm run release -- --dry-run` shows what would go out, and publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['../../', '../../src/clients/sdk/'].map((path) => new URL(path, import.meta.url));

/** Where a workflow of GitHub runs. Provenance asks that the package names it. */
const { GITHUB_REPOSITORY: repository } = process.env;

for (const folder of PACKAGES) {
  const cwd = fileURLToPath(folder);
  if (repository !== undefined)
    execFileSync('npm', ['pkg', 'set', `repository=git+https://github.com/${repository}.git`], { cwd });
  const options = ['--access', 'public', ...process.argv.slice(2)];
  execFileSync('npm', ['publish', ...options], { cwd, stdio: 'inherit' });
}
