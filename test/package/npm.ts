import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';

/** How packages are installed by tests. */
export const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts'];
export const INSTALL_MS = 180_000;

export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Runs npm in a folder, and returns what it prints. */
export async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('npm', args, { cwd, maxBuffer: 1 << 26 })).stdout;
}

/** Packs the package of a folder into another folder. */
export async function pack(home: string, into: string): Promise<Packed> {
  const told = await npm(home, 'pack', '--json', '--silent', '--pack-destination', into);
  // The scripts of the package may print before it.
  return (JSON.parse(told.slice(told.indexOf('[\n'))) as [Packed])[0];
}

/** An empty folder below another one, with a package.json of its own. */
export async function emptyFolder(below: string, name: string): Promise<string> {
  const made = await mkdtemp(join(below, name));
  await writeFile(join(made, 'package.json'), '{ "private": true }');
  return made;
}

const { platform, arch } = process;
/** The packages that carry the programs of runtimes, each with the place of the program in it. */
const PROGRAMS = {
  node: [`node-${platform}-${arch}`, 'bin/node'],
  bun: [`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`, 'bin/bun'],
  deno: [`@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`, 'deno'],
} as const;

/** A runtime of a major version, installed below a folder from the package that carries its program. */
export async function runtimeOf(below: string, name: keyof typeof PROGRAMS, major: number): Promise<string> {
  const [carrier, program] = PROGRAMS[name];
  const home = await emptyFolder(below, `${name}${major}-`);
  await npm(home, 'install', ...QUIET, `${carrier}@${major}`);
  return join(home, 'node_modules', carrier, program);
}

/** What publint and arethetypeswrong find in a packed package. Suggestions are no faults. */
export async function faultsOf(tarball: string): Promise<unknown[]> {
  const bytes = await readFile(tarball);
  const content = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages } = await publint({ pack: { tarball: content } });
  const { types, ...analysis } = await checkPackage(createPackageFromTarballData(bytes));
  const problems = types === false || !('problems' in analysis) ? [] : analysis.problems;
  return [
    ...messages.filter(({ type }) => type !== 'suggestion'),
    // The packages are ES modules, so the ways in which CommonJS and Node 10 find types do not count.
    ...problems.filter(
      (problem) => !('resolutionKind' in problem) || /^(node16-esm|bundler)$/.test(problem.resolutionKind),
    ),
  ];
}
