import { isUnread, loadOrder } from './positions.ts';

/**
 * Does things one after the other. They wait from the first position of several shards on, until what compares these is loaded:
 * a hub may be divided into shards at any time.
 */
export class Turns {
  readonly #fail: (code: number, reason: string) => void;
  #held: (() => void)[] | undefined;

  /** `fail` is called when it cannot be loaded. */
  constructor(fail: (code: number, reason: string) => void) {
    this.#fail = fail;
  }

  /** Does something with a position: at once, or in its turn. */
  take(position: unknown, run: () => void): void {
    if (this.#held) this.#held.push(run);
    else if (isUnread(position)) void this.#load((this.#held = [run]));
    else run();
  }

  /** Forgets what waits. */
  end(): void {
    this.#held = undefined;
  }

  async #load(held: (() => void)[]): Promise<void> {
    try {
      await loadOrder();
    } catch (error) {
      return this.#fail(1006, String(error));
    }
    if (this.#held !== held) return;
    this.end();
    for (const run of held) run();
  }
}
