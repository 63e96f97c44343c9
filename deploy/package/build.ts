/**
 * Builds what the package `belfry` carries, since Node runs no TypeScript below `node_modules`: JavaScript with source maps in
 * `dist`, and beside it the files that the hub reads as they are, such as Lua scripts, pages of the documentation and the
 * console, of which it carries only what is built.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the compiler makes, or the checkout alone runs. */
const CODE = new Set(['.ts', '.js']);
/** What a folder has that is a package of its own, such as the client. */
const PACKAGE = 'package.json';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FROM = join(ROOT, 'src');
/** Pages that show how the client is used are programs of their own. */
const EXAMPLES = join(FROM, 'clients/examples');
const CONSOLE = 'clients/console';
const TO = join(ROOT, 'dist');

// The package has the same bytes, whatever rights the shell gives to new files.
process.umask(0o022);
rmSync(TO, { recursive: true, force: true });
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
const run = (...program: string[]): unknown => execFileSync(process.execPath, program, { stdio: 'inherit' });
run(tsc, '--project', join(ROOT, 'deploy/package'));
run(join(ROOT, 'deploy/package/build-console.ts'));
const apart = new Set([EXAMPLES, join(FROM, CONSOLE)]);
cpSync(FROM, TO, {
  recursive: true,
  filter: (path) => !CODE.has(extname(path)) && basename(path) !== PACKAGE && !apart.has(path),
});
cpSync(join(FROM, CONSOLE, 'dist'), join(TO, CONSOLE, 'dist'), { recursive: true });
