import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { SharedCertificate, StopOrder, WorkerAnswer } from './messages.ts';
import { ALIVE } from './worker-link.ts';
import { WorkerSlot, type Ended, type WorkerSlotOptions } from './worker-slot.ts';

const ANSWER_WITHIN_MS = bound(
  'time for a worker to answer its supervisor about metrics and readiness',
  2_000,
  'ms',
  'the answer says that the worker is silent',
);
const SILENT_MS = bound(
  'time that a worker may leave its supervisor without any answer',
  30_000,
  'ms',
  'the worker is killed and started again',
);
const LOOK_MS = 5_000;

export interface SupervisorOptions {
  /** How many workers there are. */
  readonly count: number;
  readonly launch: WorkerSlotOptions['launch'];
  readonly clock: Clock;
  readonly log: Logger;
  /** The time after which a worker that was told to end is killed, beyond the window of its drain. */
  readonly endsWithinMs: number;
}

/** Starts the workers of one `belfry serve`, starts again those that end, and asks all of them for one of them. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly WorkerSlot[];
  /** The workers that owe an answer to the watch. */
  readonly #watched = new Set<WorkerSlot>();
  #certificate: SharedCertificate | undefined;
  #stopWatch: () => void = () => {};
  #restarting: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { count, launch, clock, log } = options;
    this.#slots = Array.from(
      { length: count },
      (_, index) =>
        new WorkerSlot({
          number: index + 1,
          launch,
          clock,
          log,
          certificate: () => this.#certificate,
          up: (certificate) => (this.#certificate ??= certificate),
          gather: (question) => this.gather(question),
        }),
    );
  }

  /**
   * Starts the first worker, and the others once it is up, so that wrong settings or an occupied port are said once.
   * Resolves when all are up, or with how the first one ended before it was up; nothing is then left running.
   */
  async start(): Promise<Ended | undefined> {
    const { clock, log } = this.#options;
    const [first, ...others] = this.#slots;
    const failed = await first?.tryOnce();
    if (failed !== undefined || this.#isStopping) return failed;
    first?.keep();
    this.#stopWatch = clock.every(LOOK_MS, () => this.#watch());
    const outcomes = await Promise.all(
      others.map((slot) => {
        slot.keep();
        return slot.whenUp();
      }),
    );
    const workers = Object.fromEntries(this.#slots.map(({ number, pid }) => [number, pid ?? null]));
    if (outcomes.every(Boolean)) log.info({ workers }, 'all workers have started');
    return undefined;
  }

  /** Asks all workers at once. Each has two seconds. */
  gather(question: string): Promise<readonly WorkerAnswer[]> {
    return Promise.all(
      this.#slots.map(async (slot) => {
        const { number: worker, isUp, restarts } = slot;
        const answer = await slot.ask(question, ANSWER_WITHIN_MS);
        return { worker, isUp, restarts, ...(answer !== undefined && { answer }) };
      }),
    );
  }

  /**
   * Restarts the workers one after another: each ends as the order says, and the next one follows once its successor is
   * up. If a successor does not start, the workers that remain stay as they are. A second call joins the first.
   */
  restart(order: Omit<StopOrder, 'alone'>): Promise<void> {
    this.#restarting ??= this.#inTurn({ ...order, alone: true }).finally(
      () => (this.#restarting = undefined),
    );
    return this.#restarting;
  }

  /** Ends all workers together. Resolves with whether each of them ended well. */
  async stop(order: Omit<StopOrder, 'alone'>): Promise<boolean> {
    this.#isStopping = true;
    this.#stopWatch();
    const ends = await Promise.all(
      this.#slots.map((slot) => slot.stop({ ...order, alone: false }, this.#withinMs(order))),
    );
    return ends.every((how) => how === undefined || how.code === 0);
  }

  async #inTurn(order: StopOrder): Promise<void> {
    const { log } = this.#options;
    log.info('the workers are restarted one after another');
    for (const slot of this.#slots) {
      if (this.#isStopping) return;
      const failed = await slot.replace(order, this.#withinMs(order));
      if (failed === undefined) continue;
      log.error({ worker: slot.number, ...failed }, 'a restarted worker did not start, so the others stay');
      return;
    }
    log.info('all workers were restarted');
  }

  #withinMs({ windowMs }: Pick<StopOrder, 'windowMs'>): number {
    return windowMs + this.#options.endsWithinMs;
  }

  #watch(): void {
    for (const slot of this.#slots) if (slot.isUp && !this.#watched.has(slot)) void this.#check(slot);
  }

  async #check(slot: WorkerSlot): Promise<void> {
    const { pid } = slot;
    this.#watched.add(slot);
    const answer = await slot.ask(ALIVE, SILENT_MS);
    this.#watched.delete(slot);
    if (answer !== undefined || slot.pid !== pid || this.#isStopping) return;
    this.#options.log.error({ worker: slot.number, pid }, 'a worker does not answer, and is killed');
    slot.kill();
  }
}
