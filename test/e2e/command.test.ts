import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { runHere } from '../support/command.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { startInTerminal } from '../support/terminal.ts';
import { CommandProcess, MAIN, runCommand, startNodeProcess } from '../support/process.ts';

// This takes the ten seconds for which a node tries to reach its Redis, and they pass while the other tests run.
const withoutRedis = promisify(execFile)(process.execPath, [MAIN, 'serve'], {
  env: { PATH: process.env['PATH'], BELFRY_REDIS_URL: 'redis://127.0.0.1:1', BELFRY_JWT_SECRET: TEST_SECRET },
}).catch((error: unknown) => error);

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The arguments of a command that the first screen proposes. */
function commandIn(screen: readonly string[], name: string): string[] {
  const line = screen.find((each) => each.includes(`npx belfry ${name}`)) ?? '';
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(2);
}

describe('belfry serve', () => {
  it('starts with no setting at all, and prints one screen whose commands work as they stand, without a token', async () => {
    const folder = ownFolder();
    const env = { BELFRY_CONTEXTS: join(folder, 'contexts.json') };
    const node = new CommandProcess(['serve'], {
      BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=dorgu,127.0.0.1:0=provisioning,127.0.0.1:0=drp+tls',
      ...env,
    });
    const started = JSON.parse(await node.line(/"msg":"started"/)) as { listening: Record<string, string> };
    expect(Object.values(started.listening)).toEqual(['norn', 'dorgu', 'provisioning', 'drp']);
    const screen = node.lines.slice(0, -1);
    expect(
      screen.filter((line) => line.startsWith('{') || line.length > 80 || /eyJ|export/.test(line)),
    ).toEqual([]);
    expect(screen.join('\n')).toMatch(/^Its console: http:\S+\/console\/$/m);
    const watch = new CommandProcess(commandIn(screen, 'watch'), env);
    await watch.line(/connected/, watch.errorLines);
    const { code, lines } = await runCommand(commandIn(screen, 'publish'), env);
    expect([code, lines]).toEqual([0, [expect.stringMatching(/^\d+-\d+$/)]]);
    expect(await watch.line(/profiles\.save\.global {2}user:admin {2}\{"Name":"global"\}/)).toBeTruthy();
    const bin = join(folder, 'npx');
    writeFileSync(bin, `#!/bin/sh\nshift\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
    const path = `${folder}:${process.env['PATH']}`;
    const curl = screen.slice(screen.findIndex((line) => line.includes('curl'))).join('\n');
    const shell = spawnSync('sh', ['-c', curl], { env: { PATH: path, ...env }, encoding: 'utf8' });
    expect([shell.status, shell.stdout]).toEqual([0, '']);
    expect(await watch.line(/profiles\.save\.global {2}user:admin {2}\{\}/)).toBeTruthy();
  });

  it('shows its token where a user has a context "local", and names its own where another one is selected', async () => {
    const screenWith = async (contexts: object): Promise<string[]> => {
      const file = join(ownFolder(), 'contexts.json');
      writeFileSync(file, JSON.stringify(contexts));
      const node = new CommandProcess(['serve'], {
        BELFRY_LISTEN: '127.0.0.1:0=native',
        BELFRY_CONTEXTS: file,
      });
      await node.line(/"msg":"started"/);
      return node.lines.slice(0, -1);
    };
    const url = 'http://127.0.0.1:1/';
    const [own, other] = await Promise.all([
      screenWith({ contexts: { local: { url } } }),
      screenWith({ contexts: { prod: { url } }, selected: 'prod' }),
    ]);
    expect(own.join('\n')).toMatch(/export BELFRY_TOKEN=eyJ[\s\S]*export BELFRY_URL=http/);
    expect(own.join('\n')).toMatch(/^Its console: http:\S+\/console\/#token=eyJ\S+$/m);
    expect(other.join('\n')).toContain("npx belfry watch 'profiles.*.*' --context local");
  });

  it('shows on a terminal a link that opens the console signed in, and names its token nowhere else', async () => {
    const env = { BELFRY_LISTEN: '127.0.0.1:0=native', BELFRY_CONTEXTS: join(ownFolder(), 'contexts.json') };
    const terminal = startInTerminal(['serve'], 300, env);
    const shown = await vi.waitUntil(() => /started/.test(terminal.shown()) && terminal.shown(), 25_000);
    const [, link = '', token = ''] =
      /^Its console: (http:\S+\/console\/#token=(eyJ\S+))$/m.exec(shown) ?? [];
    expect(shown.split(token)).toHaveLength(2);
    const me = await fetch(new URL('../api/v3/me', link), { headers: { Authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({ principal: 'user:admin', roles: ['admin'] });
  });

  it('shows no link of a console that is turned off', async () => {
    const env = { BELFRY_LISTEN: '127.0.0.1:0=native', BELFRY_CONSOLE: 'off' };
    const node = new CommandProcess(['serve'], env);
    await node.line(/"msg":"started"/);
    expect(node.lines.join('\n')).not.toContain('/console');
  });

  it('says in one sentence that its ports are in use, and how to choose others', async () => {
    const { url } = await startNodeProcess();
    const { port } = new URL(url);
    const { code, lines, errorLines } = await runCommand(['serve'], {
      BELFRY_LISTEN: `127.0.0.1:${port}=native`,
    });
    expect([code, lines, errorLines]).toEqual([
      2,
      [],
      [
        `belfry: The port ${port} is taken. Expected free ports, as in BELFRY_LISTEN=8801=native.`,
        expect.stringContaining('config_invalid'),
      ],
    ]);
  });

  it('refuses to start with a Redis but without a secret', async () => {
    const { code, errorLines } = await runCommand(['serve'], { BELFRY_REDIS_URL: 'redis://127.0.0.1:1' });
    expect([code, errorLines.join('\n')]).toEqual([2, expect.stringContaining('BELFRY_JWT_SECRET')]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'closes its clients with 1001 and ends with code 0 on %s',
    async (signal) => {
      const node = await startNodeProcess();
      const { token } = await startNode();
      const client = await nativeClient(node.url, await token(), ['*.*.*']);
      node.child.kill(signal);
      expect(await client.closed).toMatchObject({ code: 1001 });
      expect(await node.exited).toEqual({ code: 0, signal: null });
    },
  );

  it('logs at its start what runs with which settings, and at its end how far the drain has got', async () => {
    const node = await startNodeProcess({ BELFRY_TOPICS_MAX: '7' });
    const said = (): Record<string, unknown>[] =>
      node.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said()[0]).toMatchObject({
      msg: 'started',
      version: '0.1.0',
      settings: { BELFRY_TOPICS_MAX: '7', BELFRY_JWT_SECRET: '***' },
    });
    node.child.kill('SIGINT');
    await node.exited;
    const messages = said().map(({ msg }) => msg);
    expect(messages.slice(-3)).toEqual(['draining', 'drained', 'stopped']);
  });

  it('writes no token into its log', async () => {
    const node = await startNodeProcess({ BELFRY_LOG_LEVEL: 'trace' });
    const { token } = await startNode();
    const secret = await token();
    const client = await nativeClient(node.url, secret, ['*.*.*']);
    await fetch(`${node.url}/api/v3/info?token=${secret}`);
    await fetch(`${node.url}/nowhere?token=${secret}`, { headers: { Authorization: `Bearer ${secret}` } });
    client.send({ command: 'auth', token: `${secret}x` });
    await client.next();
    client.ws.close();
    await node.line(/connection closed/);
    expect(node.lines.join('\n')).not.toContain(secret.slice(0, 40));
  });
});

describe('the file of the belfry command', () => {
  it('is executable, so that npx need not change its mode in the checkout', () => {
    expect(() => accessSync(new URL('../../src/belfry.js', import.meta.url), constants.X_OK)).not.toThrow();
  });
});

describe('belfry check', () => {
  it('prints every setting with its source, and prints no secret', async () => {
    const { code, lines } = await runCommand(['check'], { BELFRY_JWT_SECRET: TEST_SECRET });
    expect(code).toBe(0);
    expect(lines.find((line) => line.startsWith('BELFRY_JWT_SECRET='))).toContain('***');
    expect(lines.join('\n')).not.toContain(TEST_SECRET);
    expect(lines.find((line) => line.startsWith('BELFRY_LISTEN='))).toContain(
      '8800=norn,8080=dorgu,9090=provisioning,8092=drp+tls',
    );
  });

  it('names every wrong setting of the environment and the file at once, and ends with code 2', async () => {
    const file = join(ownFolder(), 'belfry.yaml');
    writeFileSync(file, 'topics_max: none\n');
    const { code, errorLines } = await runCommand(['check', '--config', file], { BELFRY_LOGLEVEL: 'info' });
    expect(code).toBe(2);
    expect(errorLines.join('\n')).toMatch(
      /BELFRY_TOPICS_MAX[\s\S]*BELFRY_LOGLEVEL|BELFRY_LOGLEVEL[\s\S]*BELFRY_TOPICS_MAX/,
    );
  });
});

describe('a newcomer at the command line', () => {
  it('learns from watch that no token was sent, and how to send one', async () => {
    const node = await startNode();
    const { code, errorLines } = await runCommand(['watch', 'profiles.*.*'], { BELFRY_URL: node.url });
    expect([code, errorLines.join('\n')]).toEqual([4, expect.stringMatching(/You sent no token/)]);
  });

  it('is asked by watch whether the address is right, once watch has failed three times to connect', async () => {
    const watch = new CommandProcess(['watch'], { BELFRY_URL: 'ws://127.0.0.1:1' });
    const hint = await watch.line(/no hub has answered at 127\.0\.0\.1:1/, watch.errorLines);
    expect(hint).toContain('BELFRY_URL');
    expect(watch.errorLines.filter((line) => /disconnected \(1006 .*ECONNREFUSED/.test(line))).toHaveLength(
      3,
    );
  });

  it.each(['*.save.x', 'profiles.*.x', 'profiles.save.*', 'profiles.save.a,b'])(
    'learns from publish that %s is a pattern, and how to write a star or a comma',
    async (topic) => {
      const { code, errorLines } = await runHere(['publish', topic, '{}']);
      expect([code, errorLines.join('\n')]).toEqual([2, expect.stringContaining('\\3')]);
    },
  );

  it('can publish a star, a comma and dots in a key by writing them as escapes', async () => {
    const node = await startNode();
    const token = await node.token();
    const client = await nativeClient(node.url, token, ['a\\1b.save.*']);
    await runHere(['publish', 'a\\1b.save.x\\3\\2y.z', '1'], { BELFRY_URL: node.url, BELFRY_TOKEN: token });
    expect(await client.next()).toMatchObject({ type: 'a.b', action: 'save', key: 'x*,y.z', object: 1 });
  });
});

describe('the help of a command that connects to a hub', () => {
  it('says where the credentials come from, and shows none of them', async () => {
    const env = { BELFRY_URL: 'ws://localhost:1/?token=hidden', BELFRY_TOKEN: 'hidden' };
    const { code, lines } = await runCommand(['watch', '--help'], env);
    const help = lines.join(' ').replace(/\s+/g, ' ');
    expect(code).toBe(0);
    expect(help).toContain('(default: "ws://localhost:8800", env: BELFRY_URL)');
    expect(help).toContain('(env: BELFRY_CONTEXT)');
    expect(help).toContain('(env: BELFRY_TOKEN)');
    expect(help).not.toContain('hidden');
  });
});

describe('belfry token and belfry hash', () => {
  it('make credentials that a node accepts', async () => {
    const { lines: hashed } = await runCommand(['hash'], {}, 'secret\n');
    const users = JSON.stringify([{ name: 'ann', password: hashed[0], subscribe: ['a.*.*'] }]);
    const node = await startNode({ BELFRY_USERS: users });
    const basic = await fetch(`${node.url}/api/v3/info`, {
      headers: { Authorization: `Basic ${btoa('ann:secret')}` },
    });
    expect(basic.status).toBe(200);
    const { lines } = await runCommand(['token', 'runner:1', '--subscribe', 'a.*.*', '--ttl', '60'], {
      BELFRY_JWT_SECRET: TEST_SECRET,
    });
    const client = await nativeClient(node.url, lines[0] ?? '', ['a.*.*']);
    client.send({ id: 1, command: 'auth', token: lines[0] });
    expect(await client.next()).toMatchObject({ object: { principal: 'runner:1' } });
  });

  it('make a token with a role that only one dialect knows, and say so', async () => {
    const { code, lines, errorLines } = await runCommand(['token', 'ann', '--role', 'developer'], {
      BELFRY_JWT_SECRET: TEST_SECRET,
    });
    expect([code, lines.length]).toEqual([0, 1]);
    expect(errorLines).toEqual([
      'belfry: BELFRY_ROLES does not define developer here; a dialect may still know it',
    ]);
  });

  it('make no token when there is no secret', async () => {
    const { code, errorLines } = await runCommand(['token', 'ann']);
    expect([code, errorLines.join('\n')]).toEqual([2, expect.stringContaining('BELFRY_JWT_SECRET')]);
  });
});

describe('belfry serve with a Redis that cannot be reached', () => {
  it('ends with a clear error', async () => {
    expect(await withoutRedis).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('127.0.0.1:1') as string,
    });
  });
});
