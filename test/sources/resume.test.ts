import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { Hub } from '../../src/clients/sdk/hub.ts';
import { signToken } from '../../src/app-token.ts';
import { loadConfig } from '../../src/config/config.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { CommandProcess, startNodeProcess } from '../support/process.ts';
import { freePort } from '../support/redis-server.ts';
import { randomPrefix } from '../support/redis.ts';

const LINES = Number(process.env['BELFRY_TEST_LINES'] ?? 6_000);
const COUNT_LINES = fileURLToPath(new URL('count-lines.ts', import.meta.url));
const PATTERN = 'count.line.a';

/** The numbers of the lines that the log of the hub has, in its order. */
async function published(hub: Hub): Promise<number[]> {
  const numbers: number[] = [];
  for await (const item of hub.history(PATTERN))
    if (item.gap === undefined) numbers.push((item.object as { readonly n: number }).n);
  return numbers;
}

function startSource(url: string, token: string, restMs = 0, permit: readonly string[] = []): CommandProcess {
  const names = ['--name', 'counter', '--type', 'count', '--action', 'line', '--key', 'a'];
  const position = ['--lines', 'json', '--at', '{{at}}', '--order', 'number'];
  return new CommandProcess(
    [
      'source',
      'exec',
      ...names,
      ...position,
      '--',
      process.execPath,
      COUNT_LINES,
      `${LINES}`,
      `${restMs}`,
      ...permit,
    ],
    { BELFRY_URL: url, BELFRY_TOKEN: token },
  );
}

function hubOf(url: string, token: string): Hub {
  const hub = new Hub(url, { token });
  onTestFinished(() => hub.close());
  return hub;
}

/** Resolves once the log has more than so many lines. */
async function reached(hub: Hub, count: number): Promise<void> {
  let heard = 0;
  for await (const item of hub.listen(PATTERN, { since: new Date(0), max: LINES * 2 }))
    if (item.gap === undefined && ++heard > count) return;
}

function settings(): Record<string, string> {
  return {
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
    BELFRY_LOG_MAX_EVENTS: `${LINES * 2}`,
  };
}

const inOrder = Array.from({ length: LINES }, (_, n) => n);

describe('a source that is killed in the middle of many lines', () => {
  it('goes on after its last line in the hub, so that each line is published once and in order', async () => {
    const node = await startNode(settings());
    const token = await node.token();
    const hub = hubOf(node.url, token);
    for (const share of [0.2, 0.5, 0.7]) {
      const source = startSource(node.url, token, 5);
      await reached(hub, LINES * share);
      source.child.kill('SIGKILL');
      expect((await source.exited).signal).toBe('SIGKILL');
    }
    expect(await startSource(node.url, token).exited).toEqual({ code: 0, signal: null });
    expect(await published(hub)).toEqual(inOrder);
  }, 60_000);
});

describe('a hub that is killed twice while a source publishes', () => {
  it('has each line once and in order, since what has no answer is sent again under its key', async () => {
    const env = { ...settings(), BELFRY_LISTEN: `127.0.0.1:${await freePort()}=drp` };
    let node = await startNodeProcess(env);
    const { url } = node;
    const token = await signToken(loadConfig({ ...env, BELFRY_JWT_SECRET: TEST_SECRET }), {
      subject: 'user:counter',
      roles: ['admin'],
      ttlS: 600,
    });
    const hub = hubOf(url, token);
    const folder = mkdtempSync(join(tmpdir(), 'belfry-lines-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const permitted = join(folder, 'permitted');
    const permit = (share: number): void => writeFileSync(permitted, `${LINES * share}`);
    permit(0.4);
    const source = startSource(url, token, 5, [permitted]);
    for (const [share, next] of [
      [0.3, 0.7],
      [0.6, 1],
    ] as const) {
      await reached(hub, LINES * share);
      node.child.kill('SIGKILL');
      await node.exited;
      // There are lines to send from now on, so the source notices that the hub is away, whatever it has sent before.
      permit(next);
      await source.line(/the hub does not answer/, source.errorLines);
      source.errorLines.length = 0;
      node = await startNodeProcess(env);
    }
    expect(await source.exited).toEqual({ code: 0, signal: null });
    expect(await published(hub)).toEqual(inOrder);
  }, 60_000);
});
