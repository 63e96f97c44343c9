import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders and the file of a checkout that the console is built of, seen from the folder of the console. */
export const SOURCES = ['.', '../cli', '../runs', '../sdk', '../../model', '../../../package-lock.json'];

/** The folder that the console is built into, seen from its own folder. */
export const OUTPUT = 'dist/';
/** A folder in that one, which is there while somebody builds. */
export const WORK = 'dist/.building/';

/** The program of a checkout that builds the console, seen from the folder of the console. */
export const BUILDER = '../../../deploy/package/build-console.ts';

/** Whether the console was never built here, or was built of older sources than those of now. */
export async function isStale(home: URL): Promise<boolean> {
  const builtAt = await changedAt(fileURLToPath(new URL(`${OUTPUT}index.html`, home)));
  return builtAt === undefined || (await newest(home)) > builtAt;
}

/** Whether the sources are here. A package and an image have only what was built of them. */
export async function hasSources(home: URL): Promise<boolean> {
  const needed = ['vite.config.ts', BUILDER].map((path) => changedAt(fileURLToPath(new URL(path, home))));
  return (await Promise.all(needed)).every((at) => at !== undefined);
}

/** Whether the tool that builds it is installed. */
export function hasTool(home: URL): boolean {
  try {
    createRequire(home).resolve('vite/package.json');
    return true;
  } catch {
    return false;
  }
}

/** When the newest of the sources was changed. A folder counts as well, since a file may have been removed from it. */
async function newest(home: URL): Promise<number> {
  const times = SOURCES.map(async (path) => {
    const root = fileURLToPath(new URL(path, home));
    const below = await readdir(root, { recursive: true }).catch(() => ['']);
    const sources = below.filter((name) => `${name.split(sep)[0]}/` !== OUTPUT);
    return Promise.all(sources.map((name) => changedAt(join(root, name))));
  });
  return Math.max(0, ...(await Promise.all(times)).flat().map((at) => at ?? 0));
}

async function changedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
