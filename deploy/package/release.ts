/**
 * Publishes the packages of this repository, each built by its `prepack`. Arguments go to npm:
 * `npm run release -- --dry-run` shows what would go out, and publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['../../', '../../src/clients/sdk/'].map((path) => new URL(path, import.meta.url));

for (const folder of PACKAGES) {
  const options = ['--access', 'public', ...process.argv.slice(2)];
  execFileSync('npm', ['publish', ...options], { cwd: fileURLToPath(folder), stdio: 'inherit' });
}
