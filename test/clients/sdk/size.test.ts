import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleClient } from '../../../deploy/package/client-bundle.ts';

const START_MAX_BYTES = 7 * 1024;
const WHOLE_MAX_BYTES = 15 * 1024;

/** What hooks add to that. A page with hooks has React anyway. */
const HOOKS_MAX_BYTES = 2 * 1024;

/** A page that does what every page does. */
const PAGE = `
import { connect } from './clients/sdk/index.js';
for await (const item of connect(location.href).listen('jobs.*.*')) console.log(item);
`;
/** The same page, which also uses all hooks. */
const HOOKS =
  'HubProvider, useConnection, useEvent, useEvents, useHub, useLatest, useList, usePresence, usePublish';
const PAGE_WITH_HOOKS = `import { ${HOOKS} } from './clients/sdk/react.js';${PAGE}console.log(${HOOKS});`;

/** What a bundler makes of a page for production. */
interface Built {
  /** The bytes of each file, compressed. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly atStart: ReadonlySet<string>;
  /** Every module that some file imports. */
  readonly imported: ReadonlySet<string>;
}

let folder: string;
let plain: Built;

async function build(text: string): Promise<Built> {
  const page = join(folder, 'page.js');
  const bundle = await rolldown({
    input: page,
    platform: 'browser',
    external: ['react'],
    plugins: [
      {
        name: 'page',
        load: (id) => (id === page ? text : null),
        resolveId: (id) => (id === page ? id : null),
      },
    ],
    // A page has no use for 'use client'.
    onLog: () => undefined,
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk.type === 'chunk' ? chunk : undefined]));
  const [sizes, atStart, imported] = [new Map<string, number>(), new Set<string>(), new Set<string>()];
  for (const [name, chunk] of chunks) {
    sizes.set(name, gzipSync(chunk?.code ?? '', { level: 9 }).length);
    if (chunk?.isEntry === true) atStart.add(name);
    for (const other of [...(chunk?.imports ?? []), ...(chunk?.dynamicImports ?? [])]) imported.add(other);
  }
  for (const name of atStart) for (const other of chunks.get(name)?.imports ?? []) atStart.add(other);
  return { sizes, atStart, imported };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'belfry-size-'));
  await bundleClient(folder);
  plain = await build(PAGE);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const sum = ({ sizes }: Built, names: Iterable<string> = sizes.keys()): number =>
  [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);

it(`a page that connects and listens loads at most ${START_MAX_BYTES} bytes, its own line included`, () => {
  expect(sum(plain, plain.atStart)).toBeGreaterThan(START_MAX_BYTES / 2);
  expect(sum(plain, plain.atStart)).toBeLessThanOrEqual(START_MAX_BYTES);
});

it(`the client with all that is loaded later takes at most ${WHOLE_MAX_BYTES} bytes`, () => {
  expect(sum(plain)).toBeGreaterThan(sum(plain, plain.atStart));
  expect(sum(plain)).toBeLessThanOrEqual(WHOLE_MAX_BYTES);
});

it('the client brings no package with it', () => {
  expect(plain.imported.size).toBeGreaterThan(5);
  expect([...plain.imported].filter((name) => !plain.sizes.has(name))).toEqual([]);
});

it(`the hooks add at most ${HOOKS_MAX_BYTES} bytes to a page, and need no package but React`, async () => {
  const hooked = await build(PAGE_WITH_HOOKS);
  const added = sum(hooked, hooked.atStart) - sum(plain, plain.atStart);
  expect(added).toBeGreaterThan(HOOKS_MAX_BYTES / 2);
  expect(added).toBeLessThanOrEqual(HOOKS_MAX_BYTES);
  expect([...hooked.imported].filter((name) => !hooked.sizes.has(name))).toEqual(['react']);
});
