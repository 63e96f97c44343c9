import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNode } from '../support/node.ts';
import { faultsOf, INSTALL_MS, npm, pack, QUIET } from './npm.ts';

const HOME = fileURLToPath(new URL('../../src/clients/sdk/', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const run = promisify(execFile);

const PROGRAM = `
import { connect } from '@belfry/client';

const [url = '', token = ''] = process.argv.slice(2);
const hub = connect(url, { token });
const listener = hub.listen('jobs.*.*');
await listener.ready;
const id = await hub.publish('jobs.save.1', { n: 1 });
for await (const item of listener) {
  if (item.gap !== undefined) continue;
  console.log(JSON.stringify([item.id === id, item.object, hub.state.transport]));
  break;
}
hub.close();
`;

/** What the compiler says of a file in this folder. */
async function typeFaultsOf(home: string, file: string): Promise<string> {
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'esnext,dom',
  ];
  return run(process.execPath, [TSC, ...options, '--types', '', file], { cwd: home }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

const PAGE = `
import { connect, type StandardSchema } from '@belfry/client';
import { HubProvider, useEvent, useEvents, useHub, useLatest, useList, usePublish } from '@belfry/client/react';
import { createElement } from 'react';

const schema: StandardSchema<{ status: string; at: string }, { status: string; at: Date }> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as never }) },
};
export const hub = connect('http://hub.test', { events: { 'deploy.*.*': schema } });

declare module '@belfry/client/react' {
  interface Register {
    hub: typeof hub;
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Step = { status: string; at: Date };

function Page() {
  const { events } = useEvents(['deploy.step.a', 'deploy.step.b'], { filters: { 'object.status': ['Failed'] } });
  const { events: others } = useEvents('jobs.*.*');
  const { value } = useLatest('deploy', 'a');
  const { values } = useList('deploy');
  const [publish] = usePublish();
  const own = useHub();
  useEvent('deploy.step.*', (item) => item.gap === undefined && item.object.at.getTime());
  const is: [
    Same<(typeof events)[number]['object'], Step>,
    Same<(typeof others)[number]['object'], unknown>,
    Same<NonNullable<typeof value>['object'], Step>,
    Same<typeof values extends ReadonlyMap<string, infer Value> ? Value : never, NonNullable<typeof value>>,
    Same<typeof publish, typeof hub.publish>,
    Same<typeof own, typeof hub>,
  ] = [true, true, true, true, true, true];
  return is[0] ? null : null;
}
export const page = createElement(HubProvider, { hub }, createElement(Page));
`;

describe('the package @belfry/client', () => {
  let folder: string;
  let app: string;
  let tarball: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'belfry-client-'));
    app = join(folder, 'app');
    const { filename } = await pack(HOME, folder);
    tarball = join(folder, filename);
    await npm(HOME, 'install', ...QUIET, '--prefix', app, tarball);
    await writeFile(join(app, 'program.mjs'), PROGRAM);
    await writeFile(join(app, 'program.mts'), PROGRAM.replace('process.argv.slice(2)', '[]'));
  }, INSTALL_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('listens and publishes from an empty folder, over a stream where Node has no WebSockets', async () => {
    const node = await startNode();
    const program = async (...options: string[]): Promise<unknown> => {
      const args = [...options, 'program.mjs', node.url, await node.token()];
      return JSON.parse((await run(process.execPath, args, { cwd: app })).stdout);
    };
    expect(await program()).toEqual([true, { n: 1 }, 'socket']);
    // As in Node 20.
    expect(await program('--no-experimental-websocket')).toEqual([true, { n: 1 }, 'stream']);
  });

  it('has types that a strict program can use', async () => {
    expect(await typeFaultsOf(app, 'program.mts')).toBe('');
  });

  it.each(['18', '19'])(
    'knows the types of events in the hooks, with React %s',
    { timeout: INSTALL_MS },
    async (major) => {
      const home = join(folder, `react-${major}`);
      const needed = [tarball, `react@${major}`, `@types/react@${major}`];
      await npm(HOME, 'install', ...QUIET, '--prefix', home, ...needed);
      await writeFile(join(home, 'page.mts'), PAGE);
      expect(await typeFaultsOf(home, 'page.mts')).toBe('');
      // A fault is found, so types are there.
      await writeFile(join(home, 'page.mts'), PAGE.replace('at: Date', 'at: string'));
      expect(await typeFaultsOf(home, 'page.mts')).toContain('not assignable');
    },
  );

  it('is for pages alone where it has hooks, and brings no React', async () => {
    const built = await readFile(join(app, 'node_modules/@belfry/client/dist/clients/sdk/react.js'), 'utf8');
    expect(built).toMatch(/^['"]use client['"];\n/);
    expect(await readdir(join(app, 'node_modules'))).not.toContain('react');
  });

  it('has no fault that publint or arethetypeswrong finds', async () => {
    expect(await faultsOf(tarball)).toEqual([]);
  });
});
