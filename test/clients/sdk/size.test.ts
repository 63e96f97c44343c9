import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

const MAX_BYTES = 8_192;

it(`the client takes at most ${MAX_BYTES} bytes of a page, minified and compressed, and brings no package with it`, async () => {
  const bundle = await rolldown({ input: 'src/clients/sdk/index.ts', platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const [entry] = output;
  expect(entry.imports.filter((name) => !output.some(({ fileName }) => fileName === name))).toEqual([]);
  expect(gzipSync(entry.code, { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES);
});
