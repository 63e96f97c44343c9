import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { FaultProxy } from '../faults/proxy.ts';
import { startNode } from '../support/node.ts';
import { CommandProcess, startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';
import { emptyFolder, INSTALL_MS, npm, pack, QUIET, runtimeOf } from './npm.ts';

const HOME = fileURLToPath(new URL('../../src/clients/sdk/', import.meta.url));
/** The runtimes, each with the arguments before the program and the way by which events come. */
const RUNTIMES = [
  // Node 20 has no WebSocket.
  ['node', 20, [], 'stream'],
  ['node', 22, [], 'socket'],
  ['node', 24, [], 'socket'],
  ['bun', 1, [], 'socket'],
  ['deno', 2, ['run', '--allow-all', '--no-prompt'], 'socket'],
] as const;

/** Listens and publishes, and goes on when the node is gone. */
const PROGRAM = `
import process from 'node:process';
import { connect } from '@belfry/client';

const [url, token, type] = process.argv.slice(2);
const hub = connect(url, { token });
const listener = hub.listen(type + '.*.*');
await listener.ready;
console.log('listens by', hub.state.transport);
await hub.publish(type + '.save.one', { by: 'the program' });
for await (const item of listener) {
  console.log(item.gap ? 'gap' : item.key);
  if (item.key === 'three') break;
}
hub.close();
`;

/** A runtime of the PATH, or one that npm fetches. */
function found(name: string, major: number): string | undefined {
  try {
    const told = execFileSync(name, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
    return new RegExp(`^\\D*${major}\\.`).test(told) ? name : undefined;
  } catch {
    return undefined;
  }
}

describe('the packed client', () => {
  let folder: string;
  let app: string;
  const programs = new Map<string, string>(RUNTIMES.map(([name, major]) => [`${name}${major}`, '']));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'belfry-runtimes-'));
    const installing = RUNTIMES.map(async ([name, major]) => {
      programs.set(`${name}${major}`, found(name, major) ?? (await runtimeOf(folder, name, major)));
    });
    const { filename } = await pack(HOME, folder);
    app = await emptyFolder(folder, 'app-');
    await npm(app, 'install', ...QUIET, join(folder, filename));
    await writeFile(join(app, 'program.mjs'), PROGRAM);
    await Promise.all(installing);
  }, INSTALL_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('listens, publishes, and hears what it missed while its node was killed, on each runtime', async () => {
    const env = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
    const [first, second] = await Promise.all([startNodeProcess(env), startNodeProcess(env)]);
    const token = await (await startNode()).token();
    const portOf = ({ url }: { readonly url: string }): number => Number(new URL(url).port);
    const proxy = await FaultProxy.before(portOf(first));
    onTestFinished(() => proxy.close());
    const names = [...programs.keys()];
    const publish = async (key: string): Promise<void> => {
      const response = await fetch(`${second.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(names.map((type) => ({ type, action: 'save', key, object: null }))),
      });
      expect(response.status).toBe(204);
    };

    const running = RUNTIMES.map(([name, major, before]) => {
      const main = [...before, join(app, 'program.mjs')];
      const args = [`http://127.0.0.1:${proxy.port}`, token, `${name}${major}`];
      return new CommandProcess(args, {}, main, programs.get(`${name}${major}`));
    });
    const told = (line: RegExp): Promise<unknown> =>
      Promise.all(running.map((program) => program.line(line)));
    await told(/^one$/);
    first.child.kill('SIGKILL');
    await first.exited;
    await publish('two');
    proxy.turnTo(portOf(second));
    await told(/^two$/);
    await publish('three');
    await told(/^three$/);
    const ended = await Promise.all(running.map(({ exited }) => exited));
    const outcomes = running.map(({ lines, errorLines }, n) => [names[n], ended[n]?.code, lines, errorLines]);
    expect(outcomes).toEqual(
      RUNTIMES.map(([name, major, , transport]) => [
        `${name}${major}`,
        0,
        [`listens by ${transport}`, 'one', 'two', 'three'],
        [],
      ]),
    );
  }, 60_000);
});
