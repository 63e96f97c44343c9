import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { withHub } from '../../src/clients/cli/command.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';

type Heard = Readonly<Record<string, unknown>> & { readonly object: Readonly<Record<string, unknown>> };

interface Stage {
  readonly node: TestNode;
  /** Runs a script of the shell as the command of a source. */
  readonly run: (
    script: string,
    options?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => CommandProcess;
  readonly published: (pattern?: string) => Promise<Heard[]>;
}

async function stage(): Promise<Stage> {
  const node = await startNode();
  const token = await node.token();
  const run: Stage['run'] = (script, options = ['--type', 'app', '--key', 'web'], env = {}) =>
    new CommandProcess(['source', 'exec', '--name', 'test', ...options, '--', 'sh', '-c', script], {
      BELFRY_URL: node.url,
      BELFRY_TOKEN: token,
      ...env,
    });
  const published = (pattern = '*.*.*'): Promise<Heard[]> =>
    withHub({ url: node.url, token }, async (session) => {
      const { events } = await session.read<{ readonly events: Heard[] }>(
        `api/v3/events?pattern=${pattern}&limit=1000`,
      );
      return events.filter(({ type }) => type !== 'connections' && type !== 'presence');
    });
  return { node, run, published };
}

/** A process that has ended and that nobody has waited for does not count. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return !/^\s*(?:Z|$)/.test(stdout);
}

describe('belfry source exec', () => {
  it('publishes the lines of both outputs, and ends with the command', async () => {
    const { run, published } = await stage();
    expect(await run('echo one; echo grün; printf last; echo wrong >&2').exited).toMatchObject({ code: 0 });
    const events = await published('app.log.web');
    const of = (stream: string) =>
      events.map(({ object }) => object).filter((object) => object['stream'] === stream);
    expect(of('stdout').map(({ line }) => line)).toEqual(['one', 'grün', 'last']);
    expect(of('stderr').map(({ line }) => line)).toEqual(['wrong']);
  });

  it('ends with the code of the command, after all that it printed was published', async () => {
    const { run, published } = await stage();
    const source = run('seq 1 2000; exit 7');
    expect(await source.exited).toMatchObject({ code: 7 });
    expect(source.errorLines).toContain('belfry: The command ended with code 7.');
    expect((await published('app.log.web')).at(-1)?.object['line']).toBe('2000');
  });

  it('publishes lines that lack the fields of its topic as text, and loses none of them', async () => {
    const { run, published } = await stage();
    const topic = ['--lines', 'json', '--type', '{{kind}}', '--action', '{{level}}', '--key', '{{host}}'];
    const source = run(`echo '{"kind":"app","level":"warn","host":"a"}'; echo plain; echo wrong >&2`, topic);
    expect(await source.exited).toMatchObject({ code: 0 });
    const events = await published();
    expect(
      events
        .map(({ type, action, key }) => `${type as string}.${action as string}.${key as string}`)
        .toSorted(),
    ).toEqual(['app.warn.a', 'exec.log.', 'exec.log.']);
  });

  it('ends with an error that counts what the hub refused, and not as if all was well', async () => {
    const { node, run } = await stage();
    const token = await node.token('exec', { subscribe: ['app.*.*'], publish: ['other.*.*'] });
    const source = run('echo one; echo two; echo three', undefined, { BELFRY_TOKEN: token });
    const { code } = await source.exited;
    expect([code, source.errorLines.join('\n')]).toEqual([
      1,
      expect.stringContaining('The hub refused 3 of 3 events.'),
    ]);
  });

  it('says that a command cannot be started', async () => {
    const { node } = await stage();
    const source = new CommandProcess(
      ['source', 'exec', '--type', 'a', '--key', 'b', '--', 'no-such-command'],
      {
        BELFRY_URL: node.url,
        BELFRY_TOKEN: await node.token(),
      },
    );
    expect(await source.exited).toMatchObject({ code: 2 });
    expect(source.errorLines.join('\n')).toContain('"no-such-command" cannot be started');
  });

  it('starts a command that failed again, and tells both as events where that is asked for', async () => {
    const { run, published } = await stage();
    const script = 'n=$(cat "$F" 2>/dev/null || echo 0); echo $((n+1)) > "$F"; echo try $n; [ $n -ge 2 ]';
    const file = `/tmp/belfry-exec-${process.pid}-${Math.random()}`;
    const options = ['--type', 'app', '--key', 'web', '--restart', 'on-failure', '--status'];
    expect(await run(script, options, { F: file }).exited).toMatchObject({ code: 0 });
    expect((await published('app.log.web')).map(({ object }) => object['line'])).toEqual([
      'try 0',
      'try 1',
      'try 2',
    ]);
    const ends = await published('exec.end.web');
    expect(ends.map(({ object }) => object['code'])).toEqual([1, 1, 0]);
    expect((await published('exec.start.web')).map(({ object }) => object['command'])).toEqual([
      'sh',
      'sh',
      'sh',
    ]);
  });

  it('makes the objects of events of lines that are JSON, with every digit, and their keys of fields', async () => {
    const { run, published } = await stage();
    const lines = ['{"id":"a.b","value":12345678901234567890}', 'no JSON', '[1]'];
    const options = ['--type', 'sensor', '--action', 'value', '--key', '{{id}}', '--lines', 'json'];
    await run(`printf '%s\\n' '${lines.join("' '")}'`, options).exited;
    const [first, ...others] = await published('sensor.value.*');
    expect([first?.['key'], JSON.stringify(first?.object)]).toEqual([
      'a.b',
      '{"id":"a.b","value":12345678901234567890}',
    ]);
    expect(others.map(({ object }) => object['line'])).toEqual(['no JSON', '[1]']);
  });

  it('publishes lines that are whole events, with what they leave out from the options', async () => {
    const { run, published } = await stage();
    const line = '{"type":"deploy","action":"done","key":"x","time":"2026-01-15T10:30:00Z","object":{"a":1}}';
    await run(`echo '${line}'; echo '{"object":2}'`, ['--type', 'app', '--key', 'web', '--lines', 'event'])
      .exited;
    expect(
      (await published('*.*.*')).map(({ type, action, key, object }) => ({ type, action, key, object })),
    ).toEqual([
      { type: 'deploy', action: 'done', key: 'x', object: { a: 1 } },
      { type: 'app', action: 'log', key: 'web', object: 2 },
    ]);
  });

  it('is configured by variables as by options, which take precedence', async () => {
    const { run, published } = await stage();
    const env = { BELFRY_SOURCE_TYPE: 'app', BELFRY_SOURCE_KEY: 'by-variable', BELFRY_SOURCE_ACTION: '' };
    await run('echo 1', [], env).exited;
    await run('echo 2', ['--key', 'by-option'], env).exited;
    expect((await published('app.log.*')).map(({ key }) => key)).toEqual(['by-variable', 'by-option']);
    const without = run('echo 3', ['--type', 'app']);
    expect(await without.exited).toMatchObject({ code: 2 });
    expect(without.errorLines[0]).toBe(
      'belfry: --key is missing. Expected the option, or the variable BELFRY_SOURCE_KEY.',
    );
  });

  it('ends at once where the hub does not know its token', async () => {
    const { run } = await stage();
    const source = run('sleep 60', undefined, { BELFRY_TOKEN: 'wrong' });
    expect(await source.exited).toMatchObject({ code: 4 });
  });

  it('ends its command and all that the command has started when it is ended, and sends what it has read', async () => {
    const { run, published } = await stage();
    const script = "sh -c 'echo $$ inner; exec sleep 60' & echo $$ outer; wait";
    const source = run(script, ['--type', 'app', '--key', 'web', '--listen', '127.0.0.1:0']);
    const said = await source.line(/at port \d+/, source.errorLines);
    const url = `http://127.0.0.1:${/port (\d+)/.exec(said)?.[1]}`;
    await expect.poll(async () => (await published('app.log.web')).length).toBe(2);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'belfry_source_events_total{outcome="published"} 2',
    );
    const pids = (await published('app.log.web')).map(({ object }) =>
      Number.parseInt(String(object['line']), 10),
    );
    source.child.kill('SIGTERM');
    expect(await source.exited).toMatchObject({ code: 0 });
    for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false);
  });
});
