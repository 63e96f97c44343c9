import { describe, expect, inject, it } from 'vitest';
import { nativeClient } from '../../support/client.ts';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';
import { runInTerminal } from '../../support/terminal.ts';

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly detail: string;
  readonly see: string;
}

async function doctor(env: Record<string, string>) {
  const { code, lines, errorLines } = await runHere(['doctor', '-o', 'jsonl'], env);
  const findings = lines.map((line) => JSON.parse(line) as Finding);
  return {
    code,
    errorLines,
    findings,
    states: Object.fromEntries(findings.map(({ check, state }) => [check, state])),
  };
}

describe('belfry doctor', () => {
  it.each(['skipped', 'ok'])(
    'finds nothing wrong with a hub that works, and names a page that the hub serves for each check; Redis: %s',
    async (redis) => {
      const shared = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
      const node = await startNode(redis === 'ok' ? shared : {});
      const { code, findings, states } = await doctor({
        BELFRY_URL: node.url,
        BELFRY_TOKEN: await node.token(),
      });
      const names = ['address', 'clock', 'token', 'ready', 'nodes', 'socket', 'round trip', 'resume'];
      expect([code, states]).toEqual([
        0,
        { ...Object.fromEntries(names.map((name) => [name, 'ok'])), redis },
      ]);
      for (const { see } of findings) expect([see, (await fetch(see)).status]).toEqual([see, 200]);
    },
  );

  it('leaves out what the token does not permit, and says which right is missing', async () => {
    const node = await startNode();
    const token = await node.token('ann', { subscribe: ['a.*.*'], publish: [] });
    const { code, findings, states } = await doctor({ BELFRY_URL: node.url, BELFRY_TOKEN: token });
    expect([code, states]).toMatchObject([
      0,
      { socket: 'skipped', 'round trip': 'skipped', resume: 'skipped' },
    ]);
    expect(findings.find(({ check }) => check === 'socket')?.detail).toBe(
      'the token does not permit to receive doctor.check.*',
    );
  });

  it('says that a token which may not see the nodes does not permit it, and that one is refused', async () => {
    const node = await startNode();
    const weak = await node.token('ann', { subscribe: ['doctor.*.*'], publish: [] });
    const about = (findings: readonly Finding[], name: string) =>
      findings.find(({ check }) => check === name)?.detail;
    const { findings } = await doctor({ BELFRY_URL: node.url, BELFRY_TOKEN: weak });
    expect(about(findings, 'nodes')).toBe(
      'the token does not permit to see the nodes: to receive nodes.list.*',
    );
    expect(about(findings, 'round trip')).toBe('the token does not permit to publish doctor.check.*');
    const refused = await doctor({ BELFRY_URL: node.url, BELFRY_TOKEN: 'wrong' });
    expect(about(refused.findings, 'socket')).toBe('the hub does not accept the token');
  });

  it('ends with 1 when a check fails, and still runs the others', async () => {
    const node = await startNode();
    const { code, states, errorLines } = await doctor({ BELFRY_URL: node.url, BELFRY_TOKEN: 'wrong' });
    expect([code, states]).toMatchObject([
      1,
      { address: 'ok', token: 'failed', ready: 'ok', nodes: 'failed' },
    ]);
    expect(errorLines[0]).toContain('These checks failed: token');
  });

  it('ends with 3 when no hub answers', async () => {
    expect((await doctor({ BELFRY_URL: 'ws://127.0.0.1:1' })).code).toBe(3);
  });
});

describe('belfry top', () => {
  it('tells of nodes, the busiest topics and slow connections, and of what the token does not permit', async () => {
    const node = await startNode();
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    await nativeClient(node.url, env.BELFRY_TOKEN, ['a.*.*']);
    await runHere(['publish', 'a.b.c', '1'], env);
    const { code, lines } = await runHere(['top', '-o', 'jsonl'], env);
    expect([code, lines.map((line) => JSON.parse(line) as unknown)]).toEqual([
      0,
      [
        expect.objectContaining({
          nodes: [expect.objectContaining({ name: node.config.node, ready: true })],
          topics: expect.arrayContaining([
            expect.objectContaining({ type: 'a', action: 'b', events: 1 }),
          ]) as unknown,
          slow: [],
        }),
      ],
    ]);
    const weak = await node.token('ann', { subscribe: [], publish: [] });
    const none = await runHere(['top'], { ...env, BELFRY_TOKEN: weak });
    expect(none.lines).toContain('The token does not permit to see nodes.');
  });

  it.each([80, 200])('draws on a terminal of %i columns, and no line is wider', async (columns) => {
    const node = await startNode();
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    const shown = await runInTerminal(['top', '--count', '2', '--interval', '10ms'], columns, env);
    const drawn = shown.split('\u001B[H\u001B[J');
    expect(drawn).toHaveLength(3);
    // oxlint-disable-next-line no-control-regex -- these are what is taken away
    const lines = shown.replaceAll(/\u001B\[[\d;]*[A-Za-z]/g, '').split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.some((line) => line.startsWith('NODE '))).toBe(true);
  });
});
