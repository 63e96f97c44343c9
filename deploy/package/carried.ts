/** Which packages of others go out with Belfry, as package-lock.json fixes them. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A package of somebody else that an installation carries. */
export interface CarriedPackage {
  readonly name: string;
  readonly version: string;
  /** As its author wrote it, by SPDX: `MIT`. */
  readonly license: string;
  /** What needs it: the hub installs it, or the console has it in the files that were built of it. */
  readonly by: 'hub' | 'console';
}

/** A package in the lock file, by its folder in the checkout. */
interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODULES = 'node_modules/';
/** The sources of which the page of the console is built. Its own configuration is no part of it. */
const CONSOLE = ['src/clients/{console,sdk,runs}/**/*.{ts,tsx,css}'];
const NOT_CONSOLE = /vite\.config\.ts$|\/dist\//;
const IMPORTED = /(?:from|import) '((?:@[\w-]+\/)?[a-z][\w.-]*)/g;

const nameOf = (folder: string): string => folder.slice(folder.lastIndexOf(MODULES) + MODULES.length);

/** Every carried package, each version once, by name. What both need counts as the hub's. */
export function carriedPackages(): CarriedPackage[] {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const ofHub = Object.keys(packages).filter((folder) => folder !== '' && !packages[folder]?.dev);
  const carried = new Map<string, CarriedPackage>();
  const add = (folder: string, by: CarriedPackage['by']): void => {
    const { version = '', license = 'unknown' } = packages[folder] ?? {};
    const name = nameOf(folder);
    if (!carried.has(`${name}@${version}`)) carried.set(`${name}@${version}`, { name, version, license, by });
  };
  for (const folder of ofHub) add(folder, 'hub');
  for (const folder of neededBy(importedByConsole(), packages)) add(folder, 'console');
  const byName = (a: CarriedPackage, b: CarriedPackage): number =>
    a.name + a.version < b.name + b.version ? -1 : 1;
  return [...carried.values()].toSorted(byName);
}

/** The names of the packages that the sources of the console import. */
function importedByConsole(): string[] {
  const files = globSync(CONSOLE, { cwd: ROOT }).filter((file) => !NOT_CONSOLE.test(file));
  const names = files.flatMap((file) =>
    [...readFileSync(ROOT + file, 'utf8').matchAll(IMPORTED)].map(([, name = '']) => name),
  );
  return [...new Set(names)];
}

/** The folders of some packages and of all that they depend on. */
function neededBy(names: readonly string[], packages: Readonly<Record<string, Locked>>): Set<string> {
  const found = new Set<string>();
  const follow = (from: string, name: string): void => {
    const folder = resolved(from, name, packages);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    for (const each of Object.keys(packages[folder]?.dependencies ?? {})) follow(`${folder}/`, each);
  };
  for (const name of names) follow('', name);
  return found;
}

/** The folder in which Node finds a package: the nearest one on the way up. */
function resolved(
  from: string,
  name: string,
  packages: Readonly<Record<string, Locked>>,
): string | undefined {
  const folder = `${from}${MODULES}${name}`;
  if (folder in packages) return folder;
  if (from === '') return undefined;
  return resolved(from.slice(0, from.lastIndexOf(MODULES)), name, packages);
}
