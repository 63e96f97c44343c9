import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
    await expect(
      run(process.execPath, [TSC, ...options, '--types', '', 'program.mts'], { cwd: app }),
    ).resolves.toMatchObject({
      stdout: '',
    });
  });

  it('has no fault that publint or arethetypeswrong finds', async () => {
    expect(await faultsOf(tarball)).toEqual([]);
  });
});
