import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

/** What a page loads that imports the client. Streams, values, schemas and shared tabs are loaded when they are used. */
const MAX_BYTES = 8_800;

it(`the client takes at most ${MAX_BYTES} bytes of a page, minified and compressed, and brings no package with it`, async () => {
  const bundle = await rolldown({ input: 'src/clients/sdk/index.ts', platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const chunks = new Map(output.map((chunk) => [chunk.fileName, 'code' in chunk ? chunk : undefined]));
  const loaded = new Set(['index.js']);
  for (const name of loaded) for (const other of chunks.get(name)?.imports ?? []) loaded.add(other);
  expect([...loaded].filter((name) => !chunks.has(name))).toEqual([]);
  const code = Array.from(loaded, (name) => chunks.get(name)?.code ?? '').join('\n');
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES);
});
