/**
 * Builds the console into its folder `dist`, unless what is there is newer than its sources. A process that is already building
 * is waited for. The page of before is replaced when all files of the new one are there, so that a node never sends half a
 * console. The argument is the folder of the console, if it is not the one of this checkout.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { isStale, OUTPUT, WORK } from '../../src/gateway/console/console-sources.ts';

const HOME = resolve(process.argv[2] ?? fileURLToPath(new URL('../../src/clients/console', import.meta.url)));
const TO = join(HOME, OUTPUT);
const WORKING = join(HOME, WORK);
const BUILT = join(WORKING, 'out');
const OWNER = join(WORKING, 'pid');

const LOOK_EVERY_MS = 250;
/** A folder that is older than this belongs to a process that has ended. */
const WORK_MS = 6 * 60_000;
/** A process writes its id into its folder at once. */
const OWNED_WITHIN_MS = 10_000;

const TEXTS = new Set(['.js', '.css', '.svg', '.json', '.map', '.wasm']);
/** A shorter file is in one packet anyway. */
const COMPRESSED_FROM_BYTES = 1_024;

// A hub that begins a build ends it with itself, even if it was killed.
process.on('disconnect', () => process.exit(1));
process.channel?.unref();

if (await isOurTurn()) {
  try {
    await build();
  } catch (error) {
    // A page of the hub shows what stands here, so it has no stack.
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(WORKING, { recursive: true, force: true });
  }
}

/** Waits while another process builds. It may have built what is needed. */
async function isOurTurn(): Promise<boolean> {
  mkdirSync(TO, { recursive: true });
  for (;;) {
    if (!(await isStale(pathToFileURL(`${HOME}/`)))) return false;
    if (isTaken()) return true;
    if (isAbandoned()) await rm(WORKING, { recursive: true, force: true });
    else await sleep(LOOK_EVERY_MS);
  }
}

function isTaken(): boolean {
  try {
    mkdirSync(WORKING);
  } catch {
    return false;
  }
  writeFileSync(OWNER, String(process.pid));
  return true;
}

function isAbandoned(): boolean {
  try {
    const age = Date.now() - statSync(WORKING).mtimeMs;
    if (age > WORK_MS) return true;
    const pid = Number(readIfThere(OWNER));
    return pid === 0 ? age > OWNED_WITHIN_MS : !isRunning(pid);
  } catch {
    // It has gone meanwhile.
    return false;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function build(): Promise<void> {
  // Where a test or a developer has set something else, the page would be React's slow one for developers.
  process.env['NODE_ENV'] = 'production';
  // What is changed from now on makes the console old again.
  const begun = new Date();
  const { build: bundle } = await import('vite');
  await bundle({
    root: HOME,
    configFile: join(HOME, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: BUILT, emptyOutDir: true },
  });
  const [assets, page] = [join(TO, 'assets'), join(BUILT, 'index.html')];
  const names = await readdir(join(BUILT, 'assets'));
  await Promise.all(names.map((name) => compress(join(BUILT, 'assets', name))));
  await mkdir(assets, { recursive: true });
  const built = await readdir(join(BUILT, 'assets'));
  for (const name of built) await rename(join(BUILT, 'assets', name), join(assets, name));
  await utimes(page, begun, begun);
  await rename(page, join(TO, 'index.html'));
  const old = (await readdir(assets)).filter((name) => !built.includes(name));
  await Promise.all(old.map((name) => rm(join(assets, name))));
}

/** Writes the file in two encodings beside it, so that no node compresses it. */
async function compress(file: string): Promise<void> {
  const content = await readFile(file);
  if (!TEXTS.has(extname(file)) || content.length < COMPRESSED_FROM_BYTES) return;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, quality));
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }));
}
