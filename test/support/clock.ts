import type { Clock } from '../../src/model/clock.ts';

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly run: () => void;
}

/** A clock whose time passes, and whose turns of the event loop end, only when a test says so. */
export class ManualClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  #turn: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  constructor(start = '2025-01-15T10:30:00Z') {
    this.#start = Date.parse(start);
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  next(run: () => void): void {
    this.#turn.push(run);
  }

  soon(run: () => void): void {
    this.#turn.push(run);
  }

  after(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#elapsed + ms, every: undefined, run });
  }

  every(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#elapsed + ms, every: ms, run });
  }

  /** How many timers there are. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Ends this turn and runs the tasks that wait for its end. Tasks that these add wait for the next turn. */
  turn(): void {
    const run = this.#turn;
    this.#turn = [];
    for (const each of run) each();
  }

  /** Lets time pass. Each timer runs at its time, in order. */
  advance(ms: number): void {
    const until = this.#elapsed + ms;
    for (let next = this.#nextBefore(until); next !== undefined; next = this.#nextBefore(until)) {
      this.#elapsed = Math.max(this.#elapsed, next.at);
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.run();
    }
    // A timer may have spent more than that.
    this.#elapsed = Math.max(this.#elapsed, until);
  }

  /** Lets time pass as busy code does, so that no timer can run meanwhile. */
  spend(ms: number): void {
    this.#elapsed += ms;
  }

  /** How many tasks wait for the end of this turn. */
  get wantedSoon(): number {
    return this.#turn.length;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** In how many milliseconds the next timer is due. */
  get nextTimer(): number | undefined {
    const at = Math.min(...[...this.#timers].map((timer) => timer.at));
    return at === Infinity ? undefined : at - this.#elapsed;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextBefore(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}
