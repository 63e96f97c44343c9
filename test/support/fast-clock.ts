import { systemClock, type Clock } from '../../src/model/clock.ts';

/** A clock that goes faster than the real one, for a hub and for those who wait for its timeouts. */
export class FastClock implements Clock {
  readonly #speed: number;
  readonly #start = { now: systemClock.now(), elapsed: systemClock.elapsed() };

  constructor(speed: number) {
    this.#speed = speed;
  }

  now(): number {
    return this.#start.now + this.elapsed();
  }

  elapsed(): number {
    return (systemClock.elapsed() - this.#start.elapsed) * this.#speed;
  }

  next(run: () => void): void {
    systemClock.next(run);
  }

  soon(run: () => void): void {
    systemClock.soon(run);
  }

  after(ms: number, run: () => void): () => void {
    return systemClock.after(ms / this.#speed, run);
  }

  every(ms: number, run: () => void): () => void {
    return systemClock.every(ms / this.#speed, run);
  }
}
