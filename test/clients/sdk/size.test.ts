import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleClient } from '../../../deploy/package/client-bundle.ts';

const START_MAX_BYTES = 7 * 1024;
const WHOLE_MAX_BYTES = 15 * 1024;

/** A page that does what every page does. */
const PAGE = `
import { connect } from './clients/sdk/index.js';
for await (const item of connect(location.href).listen('jobs.*.*')) console.log(item);
`;

let folder: string;
/** The bytes of each file that a bundler makes of the page for production, compressed. */
const sizes = new Map<string, number>();
const atStart = new Set<string>();
/** Every module that some file imports. */
const imported = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'belfry-size-'));
  await bundleClient(folder);
  const page = join(folder, 'page.js');
  const bundle = await rolldown({
    input: page,
    platform: 'browser',
    plugins: [
      {
        name: 'page',
        load: (id) => (id === page ? PAGE : null),
        resolveId: (id) => (id === page ? id : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk.type === 'chunk' ? chunk : undefined]));
  for (const [name, chunk] of chunks) {
    sizes.set(name, gzipSync(chunk?.code ?? '', { level: 9 }).length);
    if (chunk?.isEntry === true) atStart.add(name);
    for (const other of [...(chunk?.imports ?? []), ...(chunk?.dynamicImports ?? [])]) imported.add(other);
  }
  for (const name of atStart) for (const other of chunks.get(name)?.imports ?? []) atStart.add(other);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const sum = (names: Iterable<string>): number =>
  [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);

it(`a page that connects and listens loads at most ${START_MAX_BYTES} bytes, its own line included`, () => {
  expect(sum(atStart)).toBeGreaterThan(START_MAX_BYTES / 2);
  expect(sum(atStart)).toBeLessThanOrEqual(START_MAX_BYTES);
});

it(`the client with all that is loaded later takes at most ${WHOLE_MAX_BYTES} bytes`, () => {
  expect(sum(sizes.keys())).toBeGreaterThan(sum(atStart));
  expect(sum(sizes.keys())).toBeLessThanOrEqual(WHOLE_MAX_BYTES);
});

it('the client brings no package with it', () => {
  expect(imported.size).toBeGreaterThan(5);
  expect([...imported].filter((name) => !sizes.has(name))).toEqual([]);
});
