import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';
import { CommandProcess, MAIN } from '../../support/process.ts';

async function start() {
  const node = await startNode();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
  const say = (topic: string, object = '{}') => runHere(['publish', topic, object], env);
  return { node, env, say };
}

const WAIT = ['wait', 'deploy.completed.myapp', '--fail-on', 'deploy.failed.myapp', '--since', '10m'];

describe('belfry wait', () => {
  it('ends with 0 when what is waited for was first, with 1 when what --fail-on names was first, and prints it', async () => {
    const { env, say } = await start();
    await say('deploy.failed.other');
    await say('deploy.completed.myapp', '{"n":1}');
    await say('deploy.failed.myapp');
    const good = await runHere(WAIT, env);
    expect([good.code, good.lines]).toEqual([
      0,
      [expect.stringContaining('deploy.completed.myapp  user:admin  {"n":1}')],
    ]);
    const bad = await runHere(['wait', 'deploy.completed.yours', ...WAIT.slice(2), '-o', 'jsonl'], env);
    expect([bad.code, bad.errorLines.at(-2)]).toEqual([
      1,
      'belfry: It failed: deploy.failed.myapp matches one of --fail-on.',
    ]);
    expect(JSON.parse(bad.lines.join('\n'))).toMatchObject({ action: 'failed' });
  });

  it('waits for an event with a value, and ends with 124 when none comes in time', async () => {
    const { env, say } = await start();
    await say('task.changed.42', '{"status":"Running"}');
    const args = ['wait', 'task.*.42', '--filter', 'object.status=Done', '--since', '10m'];
    const late = await runHere([...args, '--timeout', '300ms'], env);
    expect([late.code, late.errorLines.join('\n')]).toEqual([
      124,
      expect.stringContaining('An event that matches task.*.42 did not come within 300 ms.'),
    ]);
    const waiting = new CommandProcess(args, env);
    await waiting.line(/connected/, waiting.errorLines);
    await say('task.changed.42', '{"status":"Done"}');
    expect(await waiting.exited).toMatchObject({ code: 0 });
  });

  it('ends with 130 when somebody ends it, since a script must not go on as if the event had come', async () => {
    const { env } = await start();
    const waiting = new CommandProcess(['wait', 'a.b.c'], env);
    await waiting.line(/connected/, waiting.errorLines);
    waiting.child.kill('SIGTERM');
    expect(await waiting.exited).toEqual({ code: 130, signal: null });
  });

  it('is a step of a shell script', async () => {
    const { env, say } = await start();
    const script = `
      set -eu
      belfry() { '${process.execPath}' '${MAIN}' "$@"; }
      belfry wait 'deploy.completed,failed.myapp' --since 10m --timeout 20s > event.txt
      belfry wait deploy.completed.myapp --fail-on deploy.failed.myapp --since 10m > /dev/null 2>&1 || echo "failed with $?"
      cut -d' ' -f3 event.txt; rm event.txt
    `;
    const running = promisify(execFile)('bash', ['-c', script], {
      cwd: process.env['TMPDIR'] ?? '/tmp',
      env: { PATH: process.env['PATH'], ...env },
    });
    await say('deploy.failed.myapp');
    expect((await running).stdout).toBe('failed with 1\ndeploy.failed.myapp\n');
  });
});
