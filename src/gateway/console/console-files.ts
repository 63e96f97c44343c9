import { readdir, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { documentOf, type Document } from '../http/document.ts';

/** The encodings in which a file can stand beside itself, the best first, each with the ending of its name. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};
const UNKNOWN_TYPE = 'application/octet-stream';

/** The media types that a file of the console can have. */
export const ASSET_TYPES: ReadonlySet<string> = new Set([...Object.values(TYPES), UNKNOWN_TYPE]);

/** The content of a file in one encoding. */
export interface Variant extends Document {
  readonly encoding: 'br' | 'gzip' | 'identity';
}

/** A file that the page loads. Its name holds a digest of its content, so what it holds never changes. */
export interface Asset {
  /** One of {@link ASSET_TYPES}. */
  readonly type: string;
  /** The encodings in which the file was built, the best first and `identity` last. */
  readonly variants: readonly Variant[];
}

export interface BuiltConsole {
  /** The page as HTML. */
  readonly page: string;
  /** The files that the page loads, by name. */
  readonly assets: ReadonlyMap<string, Asset>;
}

/**
 * What the last build of the console wrote into a folder. It is read as a whole when somebody asks for it, and again after
 * another build; until then nothing is read and nothing is held.
 */
export class ConsoleFiles {
  readonly #folder: URL;
  #read: { readonly version: string; readonly built: Promise<BuiltConsole> } | undefined;

  /** The URL of the folder ends with a slash. */
  constructor(folder: URL) {
    this.#folder = folder;
  }

  /** The last build, or `undefined` if there is none. */
  async current(): Promise<BuiltConsole | undefined> {
    const version = await this.#version();
    if (version === undefined) return undefined;
    if (this.#read?.version !== version) this.#read = { version, built: readBuilt(this.#folder) };
    try {
      return await this.#read.built;
    } catch {
      // At this moment another build takes the place of this one, or somebody removes it.
      this.#read = undefined;
      return undefined;
    }
  }

  async #version(): Promise<string | undefined> {
    try {
      const { ino, mtimeMs } = await stat(new URL('index.html', this.#folder));
      return `${ino} ${mtimeMs}`;
    } catch {
      return undefined;
    }
  }
}

async function readBuilt(folder: URL): Promise<BuiltConsole> {
  const assets = new URL('assets/', folder);
  const names = new Set(await readdir(assets));
  const own = [...names].filter((name) => !ENCODINGS.some(([, ending]) => name.endsWith(ending)));
  const [page, ...read] = await Promise.all([
    readFile(new URL('index.html', folder), 'utf8'),
    ...own.map(async (name) => [name, await readAsset(assets, name, names)] as const),
  ]);
  return { page, assets: new Map(read) };
}

async function readAsset(folder: URL, name: string, names: ReadonlySet<string>): Promise<Asset> {
  const there = ENCODINGS.filter(([, ending]) => names.has(name + ending));
  const variants = [...there, ['identity', ''] as const].map(async ([encoding, ending]) => {
    const body = await readFile(new URL(encodeURIComponent(name + ending), folder));
    return { ...documentOf(body), encoding };
  });
  return { type: TYPES[extname(name)] ?? UNKNOWN_TYPE, variants: await Promise.all(variants) };
}
