import { describe, expect, it } from 'vitest';
import { lineOf } from '../../../src/clients/console/src/deploys/run-log.ts';
import { logPattern } from '../../../src/clients/console/src/deploys/run-patterns.ts';
import { RunsStore } from '../../../src/clients/console/src/deploys/runs-store.ts';
import { barsOf, durationText, durationOf } from '../../../src/clients/console/src/deploys/timeline.ts';
import { Runs, type Run } from '../../../src/clients/runs/runs.ts';
import { HubError } from '../../../src/clients/sdk/errors.ts';
import type { HubEvent, Item } from '../../../src/clients/sdk/item.ts';

const NOW = Date.parse('2026-01-15T10:31:00Z');

/** An event this many seconds after half past ten. */
function eventAt(seconds: number, topic: string, object: unknown): HubEvent {
  const [type = '', action = '', key = ''] = topic.split('.');
  const time = new Date(Date.parse('2026-01-15T10:30:00Z') + seconds * 1_000).toISOString();
  return { id: `${seconds + 1}-0`, time, type, action, key, object, text: '' };
}

const step = (seconds: number, name: string, status: string, more: object = {}): HubEvent =>
  eventAt(seconds, 'deploy.step.shop', { step: name, sagaId: 'A', status, total: '2', ...more });

function lastRun(events: readonly HubEvent[]): Run {
  const runs = new Runs();
  const run = events.map((event) => runs.apply(event)?.run).at(-1);
  if (run === undefined) throw new Error('These events tell of no run.');
  return run;
}

const DONE = [
  step(0, 'clone', 'running'),
  step(10, 'clone', 'complete'),
  step(10, 'build', 'running'),
  step(40, 'build', 'complete'),
  eventAt(40, 'deploy.completed.shop', { sagaId: 'A' }),
];

describe('a run', () => {
  it('has the times at which it and each of its steps began and ended', () => {
    expect(lastRun(DONE)).toMatchObject({
      beganAt: '2026-01-15T10:30:00.000Z',
      endedAt: '2026-01-15T10:30:40.000Z',
      steps: [
        { name: 'clone', beganAt: '2026-01-15T10:30:00.000Z', endedAt: '2026-01-15T10:30:10.000Z' },
        { name: 'build', beganAt: '2026-01-15T10:30:10.000Z', endedAt: '2026-01-15T10:30:40.000Z' },
      ],
    });
  });

  it('has no end while it goes on, and lasts until now', () => {
    const run = lastRun(DONE.slice(0, 3));
    expect(run.endedAt).toBeUndefined();
    expect(durationText(durationOf(run, NOW))).toBe('1 min 0 s');
  });
});

describe('a container', () => {
  const stateAt = (seconds: number, state: string, status = state): HubEvent =>
    eventAt(seconds, 'container.status.7', { container: 'app-7', state, status });

  it('is a run from its start to its end, and another one when it starts again', () => {
    const first = lastRun([
      stateAt(0, 'created'),
      stateAt(1, 'running'),
      stateAt(9, 'exited', 'exited (137)'),
    ]);
    expect(first).toMatchObject({ name: 'container app-7', status: 'failed', message: 'exited (137)' });
    expect(first.endedAt).toBe('2026-01-15T10:30:09.000Z');
    const again = lastRun([
      stateAt(1, 'running'),
      stateAt(9, 'exited', 'exited (0)'),
      stateAt(20, 'running'),
    ]);
    expect(again).toMatchObject({ status: 'running', beganAt: '2026-01-15T10:30:20.000Z' });
    expect(again.endedAt).toBeUndefined();
  });

  it.each([
    ['created', 'created', 'waiting'],
    ['running', 'running (healthy)', 'running'],
    ['restarting', 'restarting', 'running'],
    ['exited', 'exited (0)', 'done'],
    ['exited', 'exited (143)', 'stopped'],
    ['exited', 'exited (1)', 'failed'],
    ['dead', 'dead', 'failed'],
    ['stopped', 'stopped', 'stopped'],
    ['removed', 'removed', 'stopped'],
  ])('in the state %s, as %s, is %s', (of, status, expected) => {
    expect(lastRun([stateAt(0, of, status)]).status).toBe(expected);
  });

  it('that was removed after its end keeps the way in which it ended', () => {
    expect(
      lastRun([stateAt(0, 'running'), stateAt(1, 'exited', 'exited (1)'), stateAt(2, 'removed')]).status,
    ).toBe('failed');
  });

  it('has a log that names its lines, so that its source reads them, and leaves samples out', () => {
    expect(logPattern({ topic: 'container shop.web' })).toBe('container.status,log,end,error.shop\\1web');
    expect(logPattern({ topic: 'deploy shop' })).toBe('deploy.*.shop');
  });
});

describe('the bars of a timeline', () => {
  it('lie where the steps lie in the time of the run', () => {
    expect(barsOf(lastRun(DONE), NOW).map(({ step: { name }, from, to }) => [name, from, to])).toEqual([
      ['clone', 0, 0.25],
      ['build', 0.25, 1],
    ]);
  });

  it('begin before the only event of a step that says how long it took', () => {
    const run = lastRun([
      step(0, 'clone', 'running'),
      step(40, 'build', 'complete', { durationMs: '30000' }),
    ]);
    const [, build] = barsOf({ ...run, status: 'done', endedAt: '2026-01-15T10:30:40Z' }, NOW);
    expect(build).toMatchObject({ from: 0.25, to: 1, durationMs: 30_000 });
  });

  it('can be seen where a step took no time', () => {
    const [bar] = barsOf(lastRun([step(0, 'clone', 'complete'), ...DONE.slice(2)]), NOW);
    expect((bar?.to ?? 0) - (bar?.from ?? 0)).toBeGreaterThan(0);
  });
});

describe('the runs of the last day', () => {
  /** A hub whose log has some events, and that tells others later. */
  const storeOf = async (past: readonly Item[], live: readonly Item[]): Promise<RunsStore> => {
    async function* each(items: readonly Item[]): AsyncGenerator<Item, void> {
      yield* items;
    }
    const store = new RunsStore(
      { history: () => each(past), listen: () => each(live) },
      ['deploy.*.*'],
      () => NOW,
    );
    await store.follow(new AbortController().signal);
    await expect.poll(() => store.snapshot.isComplete).toBe(true);
    return store;
  };
  const names = ({ snapshot }: RunsStore): string[] =>
    snapshot.runs.map(({ name, status }) => `${name} ${status}`);

  it('show those first that go on, and then the newest', async () => {
    const other = (seconds: number, key: string, action: string): HubEvent =>
      eventAt(seconds, `deploy.${action}.${key}`, { sagaId: key });
    const store = await storeOf(
      [step(0, 'clone', 'running'), other(1, 'a', 'queued'), other(2, 'a', 'completed')],
      [other(3, 'b', 'queued'), other(4, 'b', 'failed')],
    );
    expect(names(store)).toEqual(['deploy shop running', 'deploy b failed', 'deploy a done']);
  });

  it('keep each run of one topic', async () => {
    const again = DONE.map((event) => ({
      ...event,
      time: event.time.replace('10:3', '10:4'),
      object: { ...(event.object as object), sagaId: 'B' },
    }));
    expect(names(await storeOf(DONE, again))).toEqual(['deploy shop done', 'deploy shop done']);
  });

  it('are read again after the hub could not answer, and the error is gone then', async () => {
    let isAway = true;
    async function* history(): AsyncGenerator<Item, void> {
      if (isAway) throw new HubError('unavailable', 'Redis is away.');
      yield* DONE;
    }
    async function* listen(): AsyncGenerator<Item, void> {}
    const store = new RunsStore({ history, listen }, ['deploy.*.*'], () => NOW);
    await store.follow(new AbortController().signal);
    await expect.poll(() => store.snapshot.error?.message).toBe('Redis is away.');
    isAway = false;
    await store.follow(new AbortController().signal);
    await expect.poll(() => names(store)).toEqual(['deploy shop done']);
    expect(store.snapshot.error).toBeUndefined();
  });

  it('go on where they were when they are followed again', async () => {
    const asked: (string | Date | undefined)[] = [];
    const store = new RunsStore(
      {
        history: async function* (_patterns, { since }) {
          asked.push(since);
          if (asked.length === 1) yield* DONE;
        },
        listen: async function* () {},
      },
      ['deploy.*.*'],
      () => NOW,
    );
    for (let count = 0; count < 2; count++) await store.follow(new AbortController().signal);
    expect(asked[1]).toBe(DONE.at(-1)?.id);
    await expect.poll(() => names(store)).toEqual(['deploy shop done']);
  });

  it('say when events were missed, but not that the log is younger than a day', async () => {
    const gap: Item = { gap: { from: null, to: null, reason: 'trimmed' } };
    expect((await storeOf([gap], [])).snapshot.gap).toBeUndefined();
    expect((await storeOf([], [gap])).snapshot.gap).toMatchObject({ reason: 'trimmed' });
  });
});

describe('a line of the log of a run', () => {
  const line = (action: string, object: unknown): readonly [string, string] => {
    const { kind, text } = lineOf({
      ...eventAt(0, `deployment.${action}.7`, object),
      text: '{"the":"event"}',
    });
    return [kind, text];
  };

  it('is what the system wrote, without the colours of a terminal', () => {
    expect(line('log', { line: '\u001B[32mdone\u001B[0m' })).toEqual(['line', 'done']);
    expect(line('progress', { message: 'compiling' })).toEqual(['line', 'compiling']);
  });

  it('is the change where the run changed', () => {
    expect(line('status', { status: 'building', stage: 'fetch', message: 'layers' })).toEqual([
      'change',
      'fetch · building · layers',
    ]);
    expect(line('status', { status: 'failed', error_message: 'no disk' })).toEqual([
      'error',
      'failed · no disk',
    ]);
  });

  it('is the text of an event that has no field for people', () => {
    expect(line('log', { n: 1 })).toEqual(['line', '{"the":"event"}']);
  });
});
