import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Runs, type Run } from '../../../src/clients/runs/runs.ts';
import type { HubEvent } from '../../../src/clients/sdk/item.ts';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';
import { runInTerminal, startInTerminal } from '../../support/terminal.ts';

type Said = readonly [topic: string, object: unknown];

function eventOf([topic, object]: Said, n: number): HubEvent {
  const [type = '', action = '', key = ''] = topic.split('.');
  return { id: `${n + 1}-0`, time: `2026-01-15T10:30:0${n % 10}Z`, type, action, key, object, text: '' };
}

/** The last state of each run that these events tell of. */
function runsOf(said: readonly Said[]): Run[] {
  const runs = new Runs();
  const latest = new Map<string, Run>();
  for (const [n, each] of said.entries()) {
    const applied = runs.apply(eventOf(each, n));
    if (applied !== undefined) latest.set(applied.run.topic, applied.run);
  }
  return [...latest.values()];
}

const step = (name: string, status: string, more: object = {}): Said => [
  'deploy.step.myapp',
  { step: name, sagaId: 'A', status, index: '1', total: '3', ...more },
];

/** A deploy of Norn, as its server tells it: every value is a text. */
const DEPLOY: readonly Said[] = [
  step('clone', 'running'),
  step('clone', 'complete', { durationMs: '1200' }),
  step('build', 'running'),
  ['deploy.progress.myapp', { step: 'build', message: 'compiling', sagaId: 'A' }],
  step('build', 'failed', { durationMs: '65000' }),
  ['deploy.failed.myapp', { sagaId: 'A', error: 'no such image' }],
];

describe('the runs that events tell of', () => {
  it('are the steps of a deploy of Norn, each with its time, and how it ended', () => {
    expect(runsOf(DEPLOY)).toMatchObject([
      {
        name: 'deploy myapp',
        status: 'failed',
        message: 'no such image',
        total: 3,
        steps: [
          { name: 'clone', status: 'done', durationMs: 1_200 },
          { name: 'build', status: 'failed', durationMs: 65_000, message: 'compiling' },
        ],
      },
    ]);
  });

  it('are not changed by what comes late of a saga that has ended, and begin anew with the next saga', () => {
    const late = [
      ...DEPLOY,
      step('build', 'running'),
      ['deploy.progress.myapp', { message: 'late' }] as const,
    ];
    expect(runsOf(late)).toEqual(runsOf(DEPLOY));
    const next = step('healthy', 'running', { sagaId: 'B' });
    expect(runsOf([...late, next])).toMatchObject([
      { id: 'B', status: 'running', steps: [{ name: 'healthy' }] },
    ]);
  });

  it('of version 1 of Norn, which names no saga, begin anew after their end', () => {
    const first: Said[] = [
      ['deploy.queued.shop', {}],
      ['deploy.step.shop', { step: 'build', status: 'running' }],
      ['deploy.completed.shop', {}],
    ];
    expect(runsOf(first)).toMatchObject([{ status: 'done', steps: [{ name: 'build', status: 'done' }] }]);
    expect(runsOf([...first, ['deploy.queued.shop', {}]])).toMatchObject([{ status: 'waiting', steps: [] }]);
  });

  it('are the stages of a deployment of Mist, with its percentage and the last line of its log', () => {
    const status = (stage: string, progress: number, more = {}): Said => [
      'deployment.status.15',
      { deployment_id: 15, status: stage, stage, progress, message: `${stage}…`, ...more },
    ];
    const running: Said[] = [
      status('pending', 0),
      status('cloning', 20),
      status('building', 50),
      ['deployment.log.15', { line: 'Step 3/7', stream: 'stdout' }],
    ];
    expect(runsOf(running)).toMatchObject([
      {
        name: 'deployment 15',
        status: 'running',
        percent: 50,
        message: 'Step 3/7',
        steps: [
          { name: 'cloning', status: 'done' },
          { name: 'building', status: 'running' },
        ],
      },
    ]);
    expect(runsOf([...running, status('success', 100)])).toMatchObject([
      { status: 'done', percent: 100, steps: [{ status: 'done' }, { status: 'done' }] },
    ]);
    expect(runsOf([...running, status('stopped', 50, { error_message: 'by user' })])).toMatchObject([
      { status: 'stopped', message: 'by user', steps: [{ status: 'done' }, { status: 'stopped' }] },
    ]);
  });

  it('are tasks, batches and workflows of the Provisioning Platform', () => {
    expect(
      runsOf([
        [
          'task.status_changed.t1',
          { task_id: 't1', name: 'create_servers', status: 'Running', progress: 45.5 },
        ],
        ['task.status_changed.t2', { task_id: 't2', name: 'create_servers', status: 'Failed' }],
        [
          'batch.update.b1',
          {
            name: 'clouds',
            status: 'Running',
            progress: 65,
            operations: [
              { id: 'upcloud', status: 'Completed', progress: 100 },
              { id: 'aws', status: 'Running', progress: 30 },
            ],
          },
        ],
        [
          'workflow.progress_update.w1',
          {
            name: 'kubernetes',
            progress: 75,
            current_step: 'Installing CNI',
            total_steps: 8,
            completed_steps: 6,
            step_details: { step_name: 'Installing CNI', step_progress: 45, step_message: 'Downloading' },
          },
        ],
      ]),
    ).toMatchObject([
      { name: 'task create_servers', status: 'running', percent: 45.5, steps: [] },
      { name: 'task create_servers', status: 'failed' },
      {
        name: 'batch clouds',
        steps: [
          { name: 'upcloud', status: 'done' },
          { name: 'aws', percent: 30 },
        ],
      },
      {
        name: 'workflow kubernetes',
        total: 8,
        completed: 6,
        steps: [{ name: 'Installing CNI', percent: 45, message: 'Downloading' }],
      },
    ]);
  });

  it.each([null, 'text', [], { step: 7 }, { operations: [null] }])(
    'are not broken by an object like %j',
    (object) => {
      const topics = [
        'deploy.step.a',
        'deploy.progress.a',
        'deployment.status.1',
        'batch.update.b',
        'workflow.progress_update.w',
      ];
      expect(() => runsOf(topics.map((topic) => [topic, object]))).not.toThrow();
    },
  );
});

const ESCAPE = String.fromCharCode(27);
/** Moves the cursor up, and erases everything below. */
const UP = new RegExp(`(${ESCAPE}\\[\\d+A${ESCAPE}\\[J)`);

/** What stands on a terminal in the end, where lines are drawn again over others. */
function screenOf(written: string): string[] {
  const lines: string[] = [];
  for (const part of written.split(UP)) {
    if (UP.test(part)) lines.splice(lines.length - Number.parseInt(part.slice(2), 10));
    else lines.push(...stripVTControlCharacters(part).split('\n').slice(0, -1));
  }
  return lines;
}

async function afterDeploy(): Promise<Record<string, string>> {
  const node = await startNode();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
  const events = [...DEPLOY, ['x.y.z', 1] as const].map(([topic, object]) => {
    const [type, action, key] = topic.split('.');
    return { type, action, key, object };
  });
  await runHere(['publish', JSON.stringify(events)], env);
  return env;
}

const WATCH = ['watch', 'deploy.*.myapp', 'x.*.*', '--view', 'steps', '--since', '10m', '--until', 'x.y.z'];

describe('belfry watch --view steps', () => {
  it.each([80, 200])(
    'draws a run again and again on a terminal of %i columns, and leaves it as it ended',
    async (columns) => {
      const env = await afterDeploy();
      const screen = screenOf(await runInTerminal(WATCH, columns, env));
      expect(screen).toEqual([
        'deploy myapp  failed  1/3',
        '  ✔ clone  1.2 s',
        '  ✖ build  1 min 5 s',
        '    no such image',
        expect.stringMatching(/Z {2}x\.y\.z {2}user:admin {2}1$/),
      ]);
    },
  );

  it('draws each step as it goes on', async () => {
    const node = await startNode();
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    const terminal = startInTerminal(WATCH, 80, env);
    const screen = (): string[] => screenOf(terminal.shown());
    await expect
      .poll(() => [...node.hub.connections].some(({ subscriptions }) => subscriptions.size > 0))
      .toBe(true);
    const say = ([topic, object]: Said) => runHere(['publish', topic, JSON.stringify(object)], env);
    await say(step('clone', 'running'));
    await expect.poll(screen).toEqual(['deploy myapp  running  0/3', '  ● clone']);
    await say(step('clone', 'complete', { durationMs: '1200' }));
    await expect.poll(screen).toEqual(['deploy myapp  running  1/3', '  ✔ clone  1.2 s']);
    await say(step('build', 'running'));
    await expect.poll(screen).toEqual(['deploy myapp  running  1/3', '  ✔ clone  1.2 s', '  ● build']);
    await say(['x.y.other', 1]);
    await expect.poll(screen).toHaveLength(4);
    expect(screen().slice(1)).toEqual(['deploy myapp  running  1/3', '  ✔ clone  1.2 s', '  ● build']);
    await say(['x.y.z', 1]);
    expect(screenOf(await terminal.ended)).toHaveLength(5);
  });

  it('prints one line for each change into a pipe, or one object', async () => {
    const env = await afterDeploy();
    const { code, lines } = await runHere(WATCH, env);
    expect([code, lines.map((line) => line.replace(/^\S+ {2}/, ''))]).toEqual([
      0,
      [
        'deploy myapp  running',
        'deploy myapp  clone  running',
        'deploy myapp  clone  done  1.2 s',
        'deploy myapp  build  running',
        'deploy myapp  build  running  compiling',
        'deploy myapp  build  failed  1 min 5 s  compiling',
        'deploy myapp  failed  no such image',
      ],
    ]);
    const json = await runHere([...WATCH, '-o', 'jsonl'], env);
    expect(json.lines.map((line) => JSON.parse(line) as object)[2]).toEqual({
      time: expect.any(String) as string,
      run: 'deploy myapp',
      step: 'clone',
      status: 'done',
      percent: null,
      durationMs: 1_200,
      message: null,
    });
  });
});
