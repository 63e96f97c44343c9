import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contextsFile, readContexts, writeContexts, writeLocal } from '../../../src/clients/cli/contexts.ts';
import { targetOf } from '../../../src/clients/cli/target.ts';
import { nativeClient } from '../../support/client.ts';
import { startNode } from '../../support/node.ts';
import { runHere } from '../../support/command.ts';
import { CommandProcess, runCommand } from '../../support/process.ts';

/** A folder for the contexts of one test. */
function ownContexts(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-contexts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { BELFRY_CONTEXTS: join(folder, 'contexts.json') };
}

describe('belfry context', () => {
  it('keeps hubs in a file that only its owner can read, shows no token, and selects the first hub', async () => {
    const env = ownContexts();
    const run = (...args: string[]) => runHere(['context', ...args], env);
    expect(await run('list')).toEqual({ code: 0, lines: [], errorLines: [] });
    await run('add', 'prod', 'wss://hub.example/', '--token', 'hidden');
    const read = await runCommand(
      ['context', 'add', 'test', 'hub.test', '--token', '-'],
      env,
      'hidden-too\n',
    );
    expect(read.code).toBe(0);
    const { lines } = await run('list');
    expect(lines.map((line) => line.split(/ +/))).toEqual([
      ['CURRENT', 'NAME', 'URL', 'CREDENTIALS'],
      ['*', 'prod', 'https://hub.example/', 'token'],
      ['', 'test', 'http://hub.test/', 'token'],
    ]);
    await run('select', 'test');
    const shown = await run('show', '--output', 'json');
    expect(JSON.parse(shown.lines.join('\n'))).toEqual({
      name: 'test',
      current: true,
      url: 'http://hub.test/',
      credentials: 'token',
      insecure: false,
    });
    expect((await run('token')).lines).toEqual(['hidden-too']);
    await run('remove', 'test');
    expect((await run('list', '-o', 'jsonl')).lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { name: 'prod', current: false },
    ]);
    const { BELFRY_CONTEXTS: file = '' } = env;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, '..'))).toEqual(['contexts.json']);
  });

  it.each([
    [['add', 'a b', 'ws://a'], '"a b" is no name of a context'],
    [['add', 'a', 'ftp://a'], 'cannot be reached by ftp:'],
    [['add', 'a', 'ws://a?token=x'], 'The URL holds a token'],
    [['add', 'a', 'ws://a', '--token', 'x', '--token-command', 'x'], 'either --token or --token-command'],
    [['add', 'known', 'ws://a'], 'or --replace'],
    [['select', 'a'], 'There is no context "a". Expected one that "belfry context list" shows: known.'],
    [['remove', '__proto__'], 'There is no context "__proto__"'],
    [['show'], 'No context is selected'],
  ])('refuses %j as wrong usage, and says what it expected', async (args, said) => {
    const env = ownContexts();
    writeContexts({ contexts: { known: { url: 'http://known/' } } }, env['BELFRY_CONTEXTS']);
    const { code, errorLines } = await runHere(['context', ...args], env);
    expect([code, errorLines.join('\n')]).toEqual([2, expect.stringContaining(said)]);
  });

  it('names a file that does not hold contexts, and changes nothing in it', async () => {
    const env = ownContexts();
    const { BELFRY_CONTEXTS: file = '' } = env;
    writeFileSync(file, '{"contexts":{"a":{}}}');
    const { code, errorLines } = await runHere(['context', 'add', 'b', 'ws://b'], env);
    expect([code, errorLines.join('\n')]).toEqual([2, expect.stringContaining(file)]);
    expect(readFileSync(file, 'utf8')).toBe('{"contexts":{"a":{}}}');
  });

  it('lets every command find its hub and its token', async () => {
    const node = await startNode();
    const env = ownContexts();
    await runHere(['context', 'add', 'here', node.url, '--token', await node.token()], env);
    const client = await nativeClient(node.url, await node.token(), ['a.b.*']);
    expect(await runHere(['publish', 'a.b.selected', '1'], env)).toMatchObject({ code: 0 });
    expect(await runHere(['publish', 'a.b.named', '1', '-c', 'here'], env)).toMatchObject({ code: 0 });
    const inVariable = { ...env, BELFRY_CONTEXT: 'here', BELFRY_URL: 'ws://127.0.0.1:1' };
    expect(await runHere(['publish', 'a.b.variable', '1'], inVariable)).toMatchObject({ code: 0 });
    for (const key of ['selected', 'named', 'variable']) expect(await client.next()).toMatchObject({ key });
  });
});

describe('the command for a token', () => {
  it('is run once for many commands, and again when the hub no longer accepts what it printed', async () => {
    const node = await startNode();
    const env = ownContexts();
    const { BELFRY_CONTEXTS: file = '' } = env;
    const [tokens, runs] = [`${file}.token`, `${file}.runs`];
    const old = await node.token('ann', { publish: ['a.*.*'] });
    writeFileSync(tokens, old);
    const command = `echo run >> '${runs}'; cat '${tokens}'`;
    await runHere(['context', 'add', 'here', node.url, '--token-command', command], env);
    const publish = async () => (await runHere(['publish', 'a.b.c', '1'], env)).code;
    const countRuns = () => readFileSync(runs, 'utf8').split('\n').length - 1;
    expect([await publish(), await publish(), countRuns()]).toEqual([0, 0, 1]);
    await fetch(`${node.url}/api/v3/tokens?principal=user:ann`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${await node.token()}` },
    });
    writeFileSync(tokens, await node.token('bea', { publish: ['a.*.*'] }));
    expect([await publish(), await publish(), countRuns()]).toEqual([0, 0, 2]);
  });

  it('is run again while a watch goes on, when its token is revoked, and the watch misses nothing', async () => {
    const node = await startNode();
    const env = ownContexts();
    const tokens = `${env['BELFRY_CONTEXTS']}.token`;
    writeFileSync(tokens, await node.token('ann', { subscribe: ['a.*.*'] }));
    await runHere(['context', 'add', 'here', node.url, '--token-command', `cat '${tokens}'`], env);
    const watch = new CommandProcess(['watch', 'a.*.*', '--count', '2', '-o', 'jsonl'], env);
    await watch.line(/connected/, watch.errorLines);
    const admin = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    await expect
      .poll(() => [...node.hub.connections].some(({ subscriptions }) => subscriptions.size > 0))
      .toBe(true);
    await runHere(['publish', 'a.b.before', '1'], admin);
    await watch.line(/before/);
    writeFileSync(tokens, await node.token('bea', { subscribe: ['a.*.*'] }));
    await runHere(['connections', 'close', '--principal', 'user:ann', '--revoke'], admin);
    await runHere(['publish', 'a.b.after', '1'], admin);
    expect(await watch.exited).toMatchObject({ code: 0 });
    expect(watch.lines.at(-1)).toContain('after');
    expect(watch.errorLines.join('\n')).toContain('disconnected (4001');
  });

  it.each([
    ['exit 3', 'ended with 3'],
    ['true', 'printed no token'],
    ['echo two words', 'printed no token'],
  ])('that is "%s" ends the command with code 4 and a sentence', async (command, said) => {
    const env = ownContexts();
    await runHere(['context', 'add', 'here', 'ws://127.0.0.1:1', '--token-command', command], env);
    for (const args of [['publish', 'a.b.c'], ['watch']]) {
      const { code, errorLines } = await runHere(args, env);
      expect([code, errorLines.join('\n')]).toEqual([4, expect.stringContaining(said)]);
    }
  });
});

describe('the hub of a command', () => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(ownContexts())) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    writeContexts({
      selected: 'chosen',
      contexts: {
        chosen: { url: 'http://chosen/', token: 'c' },
        other: { url: 'http://other/', insecure: true },
      },
    });
  });

  it.each([
    [{}, {}, 'http://chosen/', 'c'],
    [{ token: 't' }, {}, 'http://chosen/', 't'],
    [{ context: 'other' }, { BELFRY_URL: 'ws://set', BELFRY_TOKEN: 's' }, 'http://other/', undefined],
    [{ url: 'ws://given' }, { BELFRY_CONTEXT: 'other', BELFRY_TOKEN: 's' }, 'http://given/', 's'],
    [{ url: 'ws://given?token=u' }, { BELFRY_TOKEN: 's' }, 'http://given/', 'u'],
    [{}, { BELFRY_CONTEXT: 'other', BELFRY_URL: 'ws://set' }, 'http://other/', undefined],
    [{}, { BELFRY_URL: 'wss://set/hub/' }, 'https://set/hub/', undefined],
    [{}, { BELFRY_URL: 'ws://set/native/ws' }, 'http://set/', undefined],
    [{}, { BELFRY_TOKEN: 's' }, 'http://localhost:8800/', 's'],
    [{}, { BELFRY_URL: '', BELFRY_TOKEN: '', BELFRY_CONTEXT: '' }, 'http://chosen/', 'c'],
  ])('with the options %j and the variables %j is %s', (options, variables, url, token) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const target = targetOf(options);
    expect([target.base.href, target.token]).toEqual([url, token]);
  });

  it('is not clear when both a context and a URL are given', () => {
    expect(() => targetOf({ context: 'other', url: 'ws://a' })).toThrow(
      'Expected either --context or --url.',
    );
  });

  it('is where a context says that its certificate is not vouched for, and is trusted', () => {
    expect(targetOf({ context: 'other' }).insecure).toBe(true);
  });
});

describe('the context of a hub that runs by itself', () => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(ownContexts())) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
  });

  it('is replaced by that of the next hub, and used where none is selected', () => {
    expect([
      writeLocal({ url: 'http://a/', token: '1' }),
      writeLocal({ url: 'http://a/', token: '2' }),
    ]).toEqual(['', '']);
    expect(targetOf({})).toMatchObject({ token: '2', context: 'local' });
  });

  it('never replaces one that a user made, nor what is selected', () => {
    writeContexts({ contexts: { prod: { url: 'http://prod/' } }, selected: 'prod' });
    expect(writeLocal({ url: 'http://a/', token: '1' })).toBe(' --context local');
    expect(targetOf({})).toMatchObject({ context: 'prod' });
    writeContexts({ contexts: { local: { url: 'http://mine/' } } });
    expect(writeLocal({ url: 'http://a/', token: '1' })).toBeUndefined();
    expect(readContexts().contexts['local']).toEqual({ url: 'http://mine/' });
  });

  it('is left out where the file cannot be written', () => {
    writeFileSync(contextsFile(), 'no JSON');
    expect(writeLocal({ url: 'http://a/', token: '1' })).toBeUndefined();
  });
});
