import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const HOME = fileURLToPath(new URL('../../src/clients/sdk/', import.meta.url));
/** Where the files of the client are in the package, as the compiler puts their types. */
const PLACE = 'clients/sdk';

/**
 * Writes the JavaScript of the package `@belfry/client` into a folder. What every page needs is one file, `core.js`, and so one
 * chunk of each page. Built file by file, a bundler would cut it at every part that is loaded late, and pages would load
 * a third more.
 */
export async function bundleClient(into: string): Promise<void> {
  const bundle = await rolldown({
    input: entries(),
    external: /^[^./]/,
    platform: 'neutral',
    transform: { target: 'es2022' },
    // It warns that 'use client' may be lost. A test of the package sees that it is there.
    onLog: (level, log, tell) => (log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : tell(level, log)),
  });
  await bundle.write({
    dir: into,
    entryFileNames: `${PLACE}/[name].js`,
    chunkFileNames: `${PLACE}/[name].js`,
    sourcemap: true,
    codeSplitting: { groups: [{ name: 'core', test: /sdk\/index\.ts$/ }] },
  });
  await bundle.close();
}

/** The source of each entry that the package has. */
function entries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { readonly default?: string }>>;
  };
  const names = Object.values(exports).flatMap((entry) => /(\w+)\.js$/.exec(entry.default ?? '')?.[1] ?? []);
  return Object.fromEntries(
    names.map((name) => [
      name,
      ['ts', 'tsx'].map((ending) => join(HOME, `${name}.${ending}`)).find(existsSync) ?? name,
    ]),
  );
}
