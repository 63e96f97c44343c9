/**
 * Publishes the packages of this repository, each built by its `prepack`, with the service levels that were measured of
 * this very code: otherwise nothing goes out. Arguments go to npm: `npm run release -- --dry-run` shows what would go out,
 * and publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { unfitRecords } from '../../test/support/record.ts';

const PACKAGES = ['../../', '../../src/clients/sdk/'].map((path) => new URL(path, import.meta.url));

/** Where a workflow of GitHub runs. Provenance asks that the package names it. */
const { GITHUB_REPOSITORY: repository } = process.env;

const unfit = unfitRecords();
if (unfit.length > 0) {
  console.error(
    `The service levels in the documentation are not those of what goes out:\n${unfit.join('\n')}\n` +
      'Run `npm run levels` on an idle machine, commit what it writes, and release that. See src/docs/reference/service-levels.md.',
  );
  process.exit(1);
}

for (const folder of PACKAGES) {
  const cwd = fileURLToPath(folder);
  if (repository !== undefined)
    execFileSync('npm', ['pkg', 'set', `repository=git+https://github.com/${repository}.git`], { cwd });
  const options = ['--access', 'public', ...process.argv.slice(2)];
  execFileSync('npm', ['publish', ...options], { cwd, stdio: 'inherit' });
}
