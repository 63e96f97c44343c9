import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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
