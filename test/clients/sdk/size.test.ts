import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleClient } from '../../../deploy/package/client-bundle.ts';
import { sizeOfPage, type PageSize } from '../../support/page-size.ts';

const START_MAX_BYTES = 7.125 * 1024;
const WHOLE_MAX_BYTES = 17.125 * 1024;
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

let folder: string;
let plain: PageSize;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'belfry-size-'));
  await bundleClient(folder);
  plain = await sizeOfPage(PAGE, join(folder, 'page.js'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it(`a page that connects and listens loads at most ${START_MAX_BYTES} bytes, its own line included`, () => {
  expect(plain.start).toBeGreaterThan(START_MAX_BYTES / 2);
  expect(plain.start).toBeLessThanOrEqual(START_MAX_BYTES);
});

it(`the client with all that is loaded later takes at most ${WHOLE_MAX_BYTES} bytes`, () => {
  expect(plain.whole).toBeGreaterThan(plain.start);
  expect(plain.whole).toBeLessThanOrEqual(WHOLE_MAX_BYTES);
});

it('the client brings no package with it', () => {
  expect(plain.foreign).toEqual([]);
});

it(`the hooks add at most ${HOOKS_MAX_BYTES} bytes to a page, and need no package but React`, async () => {
  const hooked = await sizeOfPage(PAGE_WITH_HOOKS, join(folder, 'page.js'));
  expect(hooked.start - plain.start).toBeGreaterThan(HOOKS_MAX_BYTES / 2);
  expect(hooked.start - plain.start).toBeLessThanOrEqual(HOOKS_MAX_BYTES);
  expect(hooked.foreign).toEqual(['react']);
});
