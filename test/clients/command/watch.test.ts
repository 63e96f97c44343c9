import { spawn } from 'node:child_process';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { FaultProxy } from '../../faults/proxy.ts';
import { nativeClient } from '../../support/client.ts';
import { runHere } from '../../support/command.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { CommandProcess, MAIN, startNodeProcess } from '../../support/process.ts';
import { randomPrefix } from '../../support/redis.ts';

async function publish(url: string, token: string, key: string, object: unknown = null): Promise<string> {
  const response = await fetch(`${url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'jobs', action: 'save', key, object }),
  });
  expect(response.status).toBe(204);
  return response.headers.get('Belfry-Event-Ids') ?? '';
}

interface World {
  readonly node: TestNode;
  readonly token: string;
  readonly env: Record<string, string>;
  readonly say: (key: string, object?: unknown) => Promise<string>;
}

async function start(): Promise<World> {
  const node = await startNode();
  const token = await node.token();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: token };
  return { node, token, env, say: (key, object) => publish(node.url, token, key, object) };
}

const keysOf = (lines: readonly string[]): unknown[] =>
  lines.map((line) => (JSON.parse(line) as { key: string }).key);

describe('belfry watch', () => {
  it.each([
    [['*.*.*'], ['jobs']],
    [
      ['*.*.*', 'presence.*.*'],
      ['presence', 'jobs'],
    ],
  ])('of %j shows presence only when a pattern names it', async (patterns, types) => {
    const { env, node, token, say } = await start();
    await nativeClient(node.url, token, ['a.*.*']);
    await say('a');
    const watch = ['watch', ...patterns, '--since', '0-0', '-o', 'jsonl', '--until', 'jobs.*.a'];
    const { code, lines } = await runHere(watch, env);
    const shown = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect([code, [...new Set(shown)]]).toEqual([0, types]);
  });

  it('ends after the given number of events, and begins after the event, at the time or so long ago as it is told', async () => {
    const { env, say } = await start();
    const first = await say('a');
    for (const key of ['b', 'c']) await say(key);
    const keys = async (...args: string[]) =>
      keysOf((await runHere(['watch', 'jobs.*.*', '-o', 'jsonl', ...args], env)).lines);
    expect(await keys('--since', first, '--count', '2')).toEqual(['b', 'c']);
    expect(await keys('--since', '10m', '--count', '2')).toEqual(['a', 'b']);
    expect(await keys('--since', new Date(0).toISOString(), '--count', '1')).toEqual(['a']);
  });

  it('ends with the first event of --until, which it prints though the other patterns do not match', async () => {
    const { env, say } = await start();
    for (const key of ['a', 'b', 'c']) await say(key);
    const args = ['watch', 'jobs.*.a', '--since', '10m', '--until', 'jobs.save.b', '-o', 'jsonl'];
    const { code, lines } = await runHere(args, env);
    expect([code, keysOf(lines)]).toEqual([0, ['a', 'b']]);
  });

  it.each([
    [['--for', '300ms'], 0, ''],
    [['--for', '300ms', '--count', '2'], 124, 'The last of 2 events did not come within 300 ms'],
    [['--for', '300ms', '--until', 'jobs.*.z'], 124, 'An event that matches jobs.*.z did not come'],
    [['--for', '300ms', '--url', 'ws://127.0.0.1:1'], 3, 'no hub has answered so far'],
    [['--since', 'soon'], 2, 'Expected so long ago, as in 10m'],
    [['--for', '10'], 2, 'Expected for example 500ms'],
    [['--filter', 'x'], 2, 'Expected path=value'],
    [['--exec', 'true', '--template', 'x'], 2, 'cannot be used with'],
  ])('with %j ends with code %i', async (args, code, said) => {
    const { env, say } = await start();
    await say('a');
    const ran = await runHere(['watch', 'jobs.*.*', ...args], env);
    expect([ran.code, ran.errorLines.join('\n')]).toEqual([code, expect.stringContaining(said)]);
  });

  it('prints only events that pass its filters, where values of one path are alternatives', async () => {
    const { env, say } = await start();
    for (const [key, object] of Object.entries({
      a: { status: 'Failed', n: 1 },
      b: { status: 'Done', n: 1 },
      c: { status: 'Failed', n: 2 },
      d: { status: 'New', n: 1 },
    }))
      await say(key, object);
    const filters = ['-f', 'object.status=Failed', '-f', 'object.status=Done', '-f', 'object.n=1'];
    const { lines } = await runHere(
      ['watch', 'jobs.*.*', '--since', '10m', '-n', '2', '-o', 'jsonl', ...filters],
      env,
    );
    expect(keysOf(lines)).toEqual(['a', 'b']);
  });

  it('with --latest-per-key prints of the past only the newest event of each key, then what happens', async () => {
    const { env, say } = await start();
    for (const key of ['a', 'b', 'a', 'c', 'a']) await say(key);
    const watch = new CommandProcess(
      ['watch', 'jobs.*.*', '--since', '10m', '--latest-per-key', '--count', '4', '-o', 'jsonl'],
      env,
    );
    await watch.line(/"key":"a"/);
    await say('b');
    expect(await watch.exited).toMatchObject({ code: 0 });
    expect(keysOf(watch.lines)).toEqual(['b', 'c', 'a', 'b']);
  });

  it('prints lines by a template, with every digit and without what steers a terminal', async () => {
    const { env, say } = await start();
    await say('a', { n: 1.5, deep: { text: '\u001b[31m' } });
    const template = '{{ key }}: {{object.n}}{{object.none}} {{object.deep}}\\t{{object.deep.text}}';
    const { lines } = await runHere(
      ['watch', 'jobs.*.*', '--since', '10m', '-n', '1', '--template', template],
      env,
    );
    expect(lines).toEqual(['a: 1.5 {"text":"\\u001b[31m"}\t\\u001b[31m']);
  });

  it('runs a command for each event, one after another, and hands it the event and its topic', async () => {
    const { env, say } = await start();
    for (const key of ['a', '$(exit 3)', 'c']) await say(key);
    const command = 'read -r line; echo "$EVENT_TYPE $EVENT_KEY $line" | cut -c1-40; [ "$EVENT_KEY" != c ]';
    const watch = new CommandProcess(
      ['watch', 'jobs.*.*', '--since', '10m', '-n', '3', '--exec', command],
      env,
    );
    expect(await watch.exited).toMatchObject({ code: 0 });
    expect(watch.lines).toEqual([
      expect.stringMatching(/^jobs a \{"id":"/),
      expect.stringMatching(/^jobs \$\(exit 3\) \{"id":"/),
      expect.stringMatching(/^jobs c \{"id":"/),
    ]);
    expect(watch.errorLines).toEqual([
      expect.stringContaining('connected'),
      expect.stringMatching(/the command ended with 1 for the event \d+-\d+$/),
    ]);
  });

  it('says that events may be missing, goes on, and ends with 5', async () => {
    const node = await startNode({ BELFRY_LOG_MAX_EVENTS: '10', BELFRY_LOG_CACHE_MAX_BYTES: '65536' });
    const token = await node.token();
    const first = await publish(node.url, token, 'a');
    for (let n = 0; n < 20; n++) await publish(node.url, token, `${n}`, 'x'.repeat(8_000));
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: token };
    const ran = await runHere(['watch', 'jobs.*.*', '--since', first, '--until', 'jobs.*.19'], env);
    expect([ran.code, ran.errorLines.join('\n')]).toEqual([
      5,
      expect.stringContaining(`gap after ${first} up to`),
    ]);
    const waited = await runHere(['wait', 'jobs.*.a', '--since', first, '--timeout', '300ms'], env);
    expect(waited.code).toBe(5);
  });

  it('goes on at another node when its node is killed, and prints each event once and in order', async () => {
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
    const nodes = await Promise.all([startNodeProcess(settings), startNodeProcess(settings)]);
    const [one, two] = nodes.map(({ url }) => new URL(url));
    const balancer = await FaultProxy.before(Number(one?.port));
    onTestFinished(() => balancer.close());
    const { port } = balancer;
    const { token: signed } = await startNode();
    const token = await signed();
    const env = { BELFRY_URL: `ws://127.0.0.1:${port}`, BELFRY_TOKEN: token };
    const watch = new CommandProcess(['watch', 'jobs.*.*', '--count', '40', '-o', 'jsonl'], env);
    await watch.line(/connected/, watch.errorLines);
    await expect
      .poll(async () => (await publish(two?.origin ?? '', token, 'first'), watch.lines.length))
      .toBeGreaterThan(0);
    for (let n = 0; n < 20; n++) await publish(two?.origin ?? '', token, `before ${n}`);
    balancer.turnTo(Number(two?.port));
    nodes[0]?.child.kill('SIGKILL');
    for (let n = 0; n < 20; n++) await publish(two?.origin ?? '', token, `after ${n}`);
    expect(await watch.exited).toMatchObject({ code: 0 });
    const keys = keysOf(watch.lines).filter((key) => key !== 'first');
    const wanted = [
      ...Array.from({ length: 20 }, (_, n) => `before ${n}`),
      ...Array.from({ length: 20 }, (_, n) => `after ${n}`),
    ];
    expect(keys).toEqual(wanted.slice(0, keys.length));
    expect(keys.length).toBeGreaterThan(30);
    expect(watch.errorLines.filter((line) => line.includes('gap'))).toEqual([]);
  }, 60_000);

  it.each([
    [[], 0],
    [['--count', '5'], 130],
  ])('with %j ends quietly on SIGINT, with code %i', async (args, code) => {
    const { env } = await start();
    const watch = new CommandProcess(['watch', 'jobs.*.*', '-o', 'json', ...args], env);
    await watch.line(/connected/, watch.errorLines);
    watch.child.kill('SIGINT');
    expect(await watch.exited).toEqual({ code, signal: null });
    expect(JSON.parse(watch.lines.join('\n'))).toEqual([]);
  });

  it('ends quietly when whoever reads its output has had enough', async () => {
    const { env, say } = await start();
    await say('a');
    const command = `'${process.execPath}' '${MAIN}' watch 'jobs.*.*' --since 10m; echo "code $?" >&2`;
    const shell = spawn('sh', ['-c', `{ ${command}; } | head -n 1`], { env: { ...process.env, ...env } });
    let [out, error] = ['', ''];
    shell.stdout.on('data', (text: Buffer) => (out += text.toString()));
    shell.stderr.on('data', (text: Buffer) => (error += text.toString()));
    await expect.poll(() => out).toContain('jobs.save.a');
    await expect.poll(async () => (await say('b'), error)).toContain('code 0');
    expect(error).not.toMatch(/EPIPE|at /);
  });
});
