import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { nativeClient } from '../../support/client.ts';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';

async function start() {
  const node = await startNode();
  const token = await node.token();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: token };
  const run = (...args: string[]) => runHere(args, env);
  return { node, token, env, run };
}

const keysOf = (lines: readonly string[]): unknown[] =>
  lines.map((line) => (JSON.parse(line) as { key: string }).key);

describe('belfry history', () => {
  it('prints the latest events in the order of the log, as many as are asked for, over all pages', async () => {
    const { run } = await start();
    const events = Array.from({ length: 250 }, (_, n) => ({
      type: 'a',
      action: 'b',
      key: `${n}`,
      object: n,
    }));
    for (let i = 0; i < 5; i++) await run('publish', JSON.stringify(events));
    const history = async (...args: string[]) =>
      keysOf((await run('history', 'a.*.*', '-o', 'jsonl', ...args)).lines);
    expect(await history()).toEqual(events.slice(-100).map(({ key }) => key));
    expect(await history('--count', '1100')).toHaveLength(1_100);
    expect(await history('--since', '10m')).toHaveLength(1_250);
    expect(await history('--since', '10m', '--count', '3')).toEqual(['0', '1', '2']);
    expect(await history('--since', '10m', '--filter', 'object=7')).toEqual(['7', '7', '7', '7', '7']);
    expect(await history('--until', '10m')).toEqual([]);
  });

  it('finds a text, and keeps every digit of a number', async () => {
    const { run } = await start();
    await run('publish', 'a.b.c', '{"text":"Connection refused","n":9007199254740993,"f":1.10}');
    await run('publish', 'a.b.d', '{}');
    const { lines } = await run('history', '--search', 'connection REFUSED', '-o', 'jsonl');
    expect(lines).toEqual([expect.stringContaining('"n":9007199254740993,"f":1.10}')]);
    expect((await run('history', 'a.b.d')).lines).toEqual([
      expect.stringMatching(/Z {2}a\.b\.d {2}user:admin {2}\{\}$/),
    ]);
  });

  it('leaves out who came and went, unless a pattern names that', async () => {
    const { node, token, run } = await start();
    await run('publish', 'a.b.c', '1');
    await nativeClient(node.url, token, ['a.*.*']);
    await expect
      .poll(async () => (await run('history', 'presence.*.*', '-o', 'jsonl')).lines.length)
      .toBeGreaterThan(0);
    expect(keysOf((await run('history', '--count', '1', '-o', 'jsonl')).lines)).toEqual(['c']);
  });

  it('ends with 5 when the log does not go back so far', async () => {
    const node = await startNode({ BELFRY_LOG_MAX_EVENTS: '3' });
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    const [first = ''] = (await runHere(['publish', 'a.b.0', '1'], env)).lines;
    for (let n = 1; n < 6; n++) await runHere(['publish', `a.b.${n}`, '1'], env);
    const { code, lines, errorLines } = await runHere(
      ['history', 'a.*.*', '--since', first, '-o', 'jsonl'],
      env,
    );
    expect([code, keysOf(lines)]).toEqual([5, ['3', '4', '5']]);
    expect(errorLines[0]).toContain(`gap after ${first} up to`);
  });
});

describe('belfry publish --dry-run', () => {
  it('publishes nothing, and prints the event and how many would hear it', async () => {
    const { node, token, run } = await start();
    await nativeClient(node.url, token, ['a.b.*']);
    const { code, lines } = await run('publish', 'a.b.c', '{"n":9007199254740993}', '--dry-run');
    expect([code, lines[0]?.split(/ +/), lines[1]]).toEqual([
      0,
      ['TOPIC', 'HEARD', 'BY', 'EVENT'],
      expect.stringMatching(/^a\.b\.c +1 +\{.*"n":9007199254740993/),
    ]);
    expect((await run('history', 'a.*.*')).lines).toEqual([]);
  });
});

describe('belfry values', () => {
  it('prints the newest event of each key, or of the keys that are named', async () => {
    const { run } = await start();
    for (const [key, phase] of [
      ['a', 'New'],
      ['b', 'Ready'],
      ['a', 'Ready'],
    ])
      await run('publish', `cluster.updated.${key}`, JSON.stringify({ name: key, phase }));
    const { lines } = await run('values', 'cluster');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['KEY', 'TIME', 'ACTION', 'OBJECT'],
      ['a', expect.any(String), 'updated', '{"name":"a","phase":"Ready"}'],
      ['b', expect.any(String), 'updated', '{"name":"b","phase":"Ready"}'],
    ]);
    expect(parse((await run('values', 'cluster', 'b', '-o', 'yaml')).lines.join('\n'))).toMatchObject([
      { type: 'cluster', object: { name: 'b', phase: 'Ready' } },
    ]);
  });

  it.each([['nothing'], ['topics'], ['events'], ['me'], ['connections'], ['cluster', 'nobody']])(
    'says of %s that the hub keeps none',
    async (...args) => {
      const { node, token, run } = await start();
      await nativeClient(node.url, token, ['a.*.*']);
      await run('publish', 'cluster.updated.a', '{}');
      const { code, lines, errorLines } = await run('values', ...args);
      expect([code, lines, errorLines[0]]).toEqual([
        1,
        [],
        expect.stringContaining('The hub keeps no value'),
      ]);
    },
  );
});

describe('belfry presence', () => {
  it('prints all that are online, or whether the named ones are', async () => {
    const { node, run } = await start();
    await nativeClient(node.url, await node.token('ada', { subscribe: ['a.*.*'] }), ['a.*.*']);
    await expect
      .poll(async () =>
        (await run('presence', '-o', 'jsonl')).lines.map(
          (line) => (JSON.parse(line) as { principal: string }).principal,
        ),
      )
      .toEqual(['user:ada']);
    const { lines } = await run('presence', 'user:ada', 'user:bea');
    expect(lines.map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['PRINCIPAL', 'ONLINE'],
      ['user:ada', 'yes'],
      ['user:bea', 'no'],
    ]);
  });
});

describe('belfry explain', () => {
  it('prints which rule stopped an event on its way to a connection, and who would hear a topic', async () => {
    const { node, token, run } = await start();
    const client = await nativeClient(node.url, token, ['a.b.*']);
    const [connection = ''] = [...node.hub.connections].map(({ remoteAddr }) => remoteAddr);
    const [heard = ''] = (await run('publish', 'a.b.c', '1')).lines;
    const [other = ''] = (await run('publish', 'x.y.z', '1')).lines;
    await client.next();
    expect((await run('explain', heard, connection)).lines[0]).toMatch(/^(?:sent|queued): a\.b\.c to /);
    const stopped = await run('explain', other, connection);
    expect([stopped.code, stopped.lines.join('\n')]).toEqual([
      0,
      expect.stringMatching(
        /^not_subscribed: x\.y\.z to [\s\S]*RULE +PASSED +DETAIL[\s\S]*\nsubscribed +no /,
      ),
    ]);
    const who = await run('explain', 'a.b.d');
    expect([who.lines[0], who.lines.join('\n')]).toEqual([
      '1 connections would hear a.b.d',
      expect.stringContaining(connection),
    ]);
    expect(JSON.parse((await run('explain', 'a.b.d', '-o', 'json')).lines.join('\n'))).toMatchObject({
      total: 1,
    });
  });
});

describe('belfry whoami', () => {
  it('prints the hub, the principal and what it may do', async () => {
    const { node, env } = await start();
    const token = await node.token('ann', { subscribe: ['a.*.*'], publish: ['b.*.*'] });
    const { lines } = await runHere(['whoami', '-o', 'json', '--token', token], env);
    expect(JSON.parse(lines.join('\n'))).toEqual({
      hub: `${node.url}/`,
      context: null,
      principal: 'user:ann',
      roles: [],
      subscribe: ['a.*.*'],
      publish: ['b.*.*'],
      expiresAt: expect.any(String) as string,
    });
  });
});
