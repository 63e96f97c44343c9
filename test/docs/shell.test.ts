import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { allowedBy, allPages, shellBlocks, type Page } from './pages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const HAS_REDIS_CLI = spawnSync('redis-cli', ['--version']).status === 0;

const usesRedis = (page: Page): boolean =>
  shellBlocks(page).some(({ script }) => /^redis-cli /m.test(script));
const PAGES = allPages()
  .filter((page) => shellBlocks(page).length > 0)
  .filter((page) => HAS_REDIS_CLI || !usesRedis(page));

/** Replaces `npx`, which takes most of a second each time, and makes `redis-cli` use the Redis of the test. */
const prelude = (redisPort: number): string => `
npx() { shift; '${process.execPath}' '${MAIN}' "$@"; }
redis-cli() { command redis-cli -p ${redisPort} "$@"; }
`;

async function run(script: string, node: TestNode, redisPort: number): Promise<string> {
  const { host } = new URL(node.url);
  const commands = prelude(redisPort) + script.replaceAll('localhost:8800', host);
  const env = {
    PATH: process.env['PATH'],
    BELFRY_URL: node.url,
    BELFRY_TOKEN: await node.token(),
    BELFRY_JWT_SECRET: TEST_SECRET,
  };
  // Not every sh allows functions with a dash in their names.
  const { stdout } = await promisify(execFile)('bash', ['-euc', commands], { cwd: ROOT, env });
  return stdout.trimEnd();
}

describe.skipIf(!HAS_REDIS_SERVER)('the shell blocks of the documentation', () => {
  it.each(PAGES)('run unchanged in $path, and print the stated output', { timeout: 60_000 }, async (page) => {
    const { url, port } = await startRedisServer();
    const node = await startNode({ BELFRY_REDIS_URL: url, BELFRY_LISTEN: '127.0.0.1:0=norn' });
    for (const { script, output = '…' } of shellBlocks(page))
      expect(await run(script, node, port)).toMatch(allowedBy(output));
  });

  it('are found within a list too, together with their output', () => {
    const text =
      '1. One\n\n   ```sh run\n   echo a\n   ```\n   ```text output\n   a…\n   ```\n\n```sh\nnot run\n```\n';
    expect(shellBlocks({ path: 'a.md', text })).toEqual([{ script: 'echo a\n', output: 'a…\n' }]);
    expect('a and more').toMatch(allowedBy('a…\n'));
    expect('b').not.toMatch(allowedBy('a…\n'));
    expect('axb').not.toMatch(allowedBy('a.b\n'));
  });
});
