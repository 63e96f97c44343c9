import type { Clock } from '../model/clock.ts';

/** Calls `forget` once something has not been used for a time. No timer runs from then until it is used again. */
export class IdleTimer {
  readonly #clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly #ms: number;
  readonly #forget: () => void;
  #usedAt = 0;
  #isTimed = false;

  constructor(clock: Pick<Clock, 'after' | 'elapsed'>, ms: number, forget: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#forget = forget;
  }

  /** The thing was used just now. */
  used(): void {
    this.#usedAt = this.#clock.elapsed();
    if (!this.#isTimed) this.#wait(this.#ms);
  }

  #wait(ms: number): void {
    this.#isTimed = true;
    this.#clock.after(ms, () => {
      const left = this.#usedAt + this.#ms - this.#clock.elapsed();
      if (left > 0) return this.#wait(left);
      this.#isTimed = false;
      this.#forget();
    });
  }
}
