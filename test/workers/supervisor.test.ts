import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';
import type { ToWorker } from '../../src/workers/messages.ts';
import { Supervisor } from '../../src/workers/supervisor.ts';
import { WorkerLink } from '../../src/workers/worker-link.ts';
import type { WorkerEvents } from '../../src/workers/worker-slot.ts';
import { ManualClock } from '../support/clock.ts';

const CERTIFICATE = { key: 'k', cert: 'c', made: true };
const STOP = { windowMs: 1_000, why: CLOSE.draining };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A worker as its supervisor sees it, whose process is this test. */
interface Fake {
  readonly number: number;
  readonly events: WorkerEvents;
  readonly heard: ToWorker[];
  link: WorkerLink | undefined;
  isKilled: boolean;
}

function world(count = 2) {
  const clock = new ManualClock();
  const fakes: Fake[] = [];
  const supervisor = new Supervisor({
    count,
    clock,
    log: pino({ level: 'silent' }),
    endsWithinMs: 500,
    launch: (number, events) => {
      const fake: Fake = { number, events, heard: [], link: undefined, isKilled: false };
      fakes.push(fake);
      let hear: (message: ToWorker) => void = () => {};
      // A process needs a moment before it hears.
      setImmediate(() => {
        fake.link = new WorkerLink(
          { send: (message) => events.heard(message), hear: (heard) => (hear = heard) },
          clock,
          () => {},
        );
      });
      return {
        pid: 100 + fakes.length,
        send: (message) => {
          fake.heard.push(message);
          hear(message);
        },
        kill: () => {
          fake.isKilled = true;
          events.ended({ code: null, signal: 'SIGKILL' });
        },
      };
    },
  });
  const up = async (index: number): Promise<void> => {
    await turn();
    await turn();
    fakes[index]?.link?.up(CERTIFICATE);
    await turn();
  };
  const started = async (): Promise<void> => {
    const starting = supervisor.start();
    for (let index = 0; index < count; index++) await up(index);
    await starting;
  };
  return { clock, fakes, supervisor, up, started };
}

describe('a supervisor', () => {
  it('starts the others once the first worker is up, and gives them its certificate', async () => {
    const { fakes, supervisor, up } = world(3);
    const starting = supervisor.start();
    await turn();
    expect(fakes.map(({ number }) => number)).toEqual([1]);
    await up(0);
    expect(fakes.map(({ number }) => number)).toEqual([1, 2, 3]);
    await up(1);
    await up(2);
    expect(await starting).toBeUndefined();
    expect(fakes[2]?.heard[0]).toEqual({ kind: 'begin', number: 3, certificate: CERTIFICATE });
  });

  it('tells how the first worker ended, and starts none again, when it was never up', async () => {
    const { fakes, supervisor } = world();
    const starting = supervisor.start();
    await turn();
    fakes[0]?.events.ended({ code: 2, signal: null });
    expect(await starting).toEqual({ code: 2, signal: null });
    expect(fakes).toHaveLength(1);
  });

  it('starts a worker again after a pause that doubles with each failure up to 30 s', async () => {
    const { clock, fakes, started } = world();
    await started();
    const pauses = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const pauseMs of pauses) {
      const before = fakes.length;
      fakes.at(-1)?.events.ended({ code: 1, signal: null });
      clock.advance(pauseMs - 1);
      expect(fakes).toHaveLength(before);
      clock.advance(1);
      expect(fakes).toHaveLength(before + 1);
    }
  });

  it('starts a worker that was told to end again at once', async () => {
    const { fakes, started } = world();
    await started();
    fakes[1]?.events.ended({ code: 0, signal: null });
    expect(fakes.map(({ number }) => number)).toEqual([1, 2, 2]);
  });

  it('gathers the answers of all workers, and does not wait longer than two seconds for one of them', async () => {
    const { clock, fakes, started, supervisor } = world();
    await started();
    fakes[0]?.link?.answering('q', () => 'one');
    fakes[1]?.link?.answering('q', () => new Promise(() => {}));
    const answers = supervisor.gather('q');
    await turn();
    clock.advance(2_000);
    expect(await answers).toEqual([
      { worker: 1, isUp: true, restarts: 0, answer: 'one' },
      { worker: 2, isUp: true, restarts: 0 },
    ]);
  });

  it('kills a worker that gives no sign of life for 30 s, and starts it again', async () => {
    const { clock, fakes, started } = world();
    await started();
    fakes[1]?.link?.answering('alive', () => new Promise(() => {}));
    clock.advance(5_000);
    await turn();
    clock.advance(30_000);
    await turn();
    expect(fakes.map(({ isKilled }) => isKilled)).toEqual([false, true]);
    clock.advance(500);
    expect(fakes).toHaveLength(3);
  });

  it('ends all workers at the same time, and kills one that does not end in time', async () => {
    const { clock, fakes, started, supervisor } = world();
    await started();
    const ended = supervisor.stop(STOP);
    expect(fakes.map(({ heard }) => heard.at(-1))).toEqual([
      { kind: 'stop', ...STOP, alone: false },
      { kind: 'stop', ...STOP, alone: false },
    ]);
    fakes[0]?.events.ended({ code: 0, signal: null });
    await turn();
    clock.advance(1_500);
    expect(await ended).toBe(false);
    expect(fakes.map(({ isKilled }) => isKilled)).toEqual([false, true]);
    expect(fakes).toHaveLength(2);
  });

  it('tells a worker that does not hear yet to stop as soon as it does', async () => {
    const { fakes, supervisor } = world();
    void supervisor.start();
    void supervisor.stop(STOP);
    expect(fakes[0]?.heard).toEqual([]);
    await turn();
    await turn();
    expect(fakes[0]?.heard).toEqual([{ kind: 'stop', ...STOP, alone: false }]);
  });

  it('restarts one worker after another, and leaves the rest alone when a successor does not start', async () => {
    const { fakes, started, supervisor, up } = world(3);
    await started();
    const restarting = supervisor.restart(STOP);
    fakes[0]?.events.ended({ code: 0, signal: null });
    await up(3);
    expect(fakes[1]?.heard.at(-1)).toEqual({ kind: 'stop', ...STOP, alone: true });
    fakes[1]?.events.ended({ code: 0, signal: null });
    await turn();
    fakes[4]?.events.ended({ code: 2, signal: null });
    await restarting;
    expect(fakes[2]?.heard.some(({ kind }) => kind === 'stop')).toBe(false);
  });
});
