import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { FromWorker, SharedCertificate, StopOrder, ToWorker, WorkerAnswer } from './messages.ts';

const PAUSE_MAX_MS = bound(
  'pause before a worker that ended is started again',
  30_000,
  'ms',
  'it is started again after each such pause',
);
/** The first pause. Each further failure doubles it. */
const PAUSE_MS = 500;
/** A worker that has run for so long is taken for sound, and its next pause is the first one again. */
const SOUND_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The process of a worker, as its slot sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** What cannot be sent is lost, since the process has ended or is about to. */
  send(message: ToWorker): void;
  kill(): void;
}

export interface WorkerEvents {
  readonly heard: (message: FromWorker) => void;
  readonly ended: (how: Ended) => void;
}

export interface WorkerSlotOptions {
  readonly number: number;
  readonly launch: (number: number, events: WorkerEvents) => WorkerProcess;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly log: Logger;
  readonly certificate: () => SharedCertificate | undefined;
  readonly up: (certificate: SharedCertificate) => void;
  readonly gather: (question: string) => Promise<readonly WorkerAnswer[]>;
}

/** One run of a worker: its process, and the promises of its start and its end. */
interface Run {
  readonly process: WorkerProcess;
  readonly up: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<Ended>;
  readonly since: number;
  /** Whether the process hears what is sent to it. */
  hears: boolean;
  isUp: boolean;
  /** How it was told to end. */
  order?: StopOrder;
}

/** The place of one worker: its process, and the next process after one that ended. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  readonly #firstUp = Promise.withResolvers<boolean>();
  #run: Run | undefined;
  #isKept = false;
  #restarts = 0;
  #failures = 0;
  #cancelRestart: () => void = () => {};
  #id = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  get number(): number {
    return this.#options.number;
  }

  get pid(): number | undefined {
    return this.#run?.process.pid;
  }

  get isUp(): boolean {
    return this.#run?.isUp === true;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the worker. Resolves with `undefined` once it is up, or with how it ended before. */
  async tryOnce(): Promise<Ended | undefined> {
    const { up, ended } = this.#launch();
    return Promise.race([up.promise.then(() => undefined), ended.promise]);
  }

  /** From now on the worker is started again whenever it ends, until {@link stop}. It is started now unless it runs. */
  keep(): void {
    this.#isKept = true;
    if (this.#run === undefined) this.#launch();
  }

  /** Resolves with true once the worker is up for the first time, and with false when it was stopped before. */
  whenUp(): Promise<boolean> {
    return this.#firstUp.promise;
  }

  /** The answer of the worker; `undefined` when it is not up, cannot answer, or does not answer in time. */
  async ask(question: string, withinMs: number): Promise<unknown> {
    if (!this.isUp) return undefined;
    const id = ++this.#id;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#asked.set(id, resolve);
    const cancel = this.#options.clock.after(withinMs, () => resolve(undefined));
    this.#run?.process.send({ kind: 'ask', id, question });
    const answer = await promise;
    cancel();
    this.#asked.delete(id);
    return answer;
  }

  /** Ends a worker that does not answer. It is then started again as after any other end. */
  kill(): void {
    this.#run?.process.kill();
  }

  /** Ends the worker for good, by force after this time. Resolves with how it ended; `undefined` when it did not run. */
  async stop(order: StopOrder, withinMs: number): Promise<Ended | undefined> {
    this.#isKept = false;
    this.#cancelRestart();
    this.#firstUp.resolve(false);
    return this.#end(order, withinMs);
  }

  /**
   * Ends the worker, and resolves once its successor is up. If the worker does not end well, or its successor ends before it is
   * up, this resolves with how.
   */
  async replace(order: StopOrder, withinMs: number): Promise<Ended | undefined> {
    const how = await this.#end(order, withinMs);
    const next = this.#run;
    if (next === undefined) return how;
    return Promise.race([next.up.promise.then(() => undefined), next.ended.promise]);
  }

  async #end(order: StopOrder, withinMs: number): Promise<Ended | undefined> {
    const run = this.#run;
    if (run === undefined) return undefined;
    const { clock, log, number } = this.#options;
    run.order = order;
    if (run.hears) run.process.send({ kind: 'stop', ...order });
    const cancel = clock.after(withinMs, () => {
      log.error({ worker: number, pid: run.process.pid }, 'a worker did not end in time, and is killed');
      run.process.kill();
    });
    const how = await run.ended.promise;
    cancel();
    return how;
  }

  #launch(): Run {
    const { launch, number, clock } = this.#options;
    const process = launch(number, {
      heard: (message) => void this.#heard(run, message),
      ended: (how) => this.#ended(run, how),
    });
    const run: Run = {
      process,
      up: Promise.withResolvers<void>(),
      ended: Promise.withResolvers<Ended>(),
      since: clock.elapsed(),
      hears: false,
      isUp: false,
    };
    return (this.#run = run);
  }

  async #heard(run: Run, message: FromWorker): Promise<void> {
    switch (message.kind) {
      case 'hello':
        run.hears = true;
        return run.process.send(this.#greeting(run));
      case 'up':
        run.isUp = true;
        this.#firstUp.resolve(true);
        this.#options.up(message.certificate);
        return run.up.resolve();
      case 'answer':
        return this.#asked.get(message.id)?.(message.answer);
      case 'gather': {
        const answers = await this.#options.gather(message.question);
        return run.process.send({ kind: 'gathered', id: message.id, answers });
      }
    }
  }

  #greeting({ order }: Run): ToWorker {
    if (order !== undefined) return { kind: 'stop', ...order };
    const certificate = this.#options.certificate();
    return { kind: 'begin', number: this.number, ...(certificate && { certificate }) };
  }

  #ended(run: Run, how: Ended): void {
    this.#run = undefined;
    // Whoever waits for an answer of this process would wait in vain.
    for (const resolve of this.#asked.values()) resolve(undefined);
    if (this.#isKept) this.#again(run, how);
    run.ended.resolve(how);
  }

  #again({ process, isUp, since }: Run, how: Ended): void {
    const { clock, log, number: worker } = this.#options;
    this.#restarts++;
    const about = { worker, pid: process.pid, ...how, restarts: this.#restarts };
    if (how.code === 0 && isUp) {
      log.info(about, 'a worker was told to end, and is started again');
      return void this.#launch();
    }
    this.#failures = clock.elapsed() - since < SOUND_MS ? this.#failures + 1 : 1;
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** (this.#failures - 1));
    log.error({ ...about, pauseMs }, 'a worker has ended, and is started again after a pause');
    this.#cancelRestart = clock.after(pauseMs, () => void this.#launch());
  }
}
