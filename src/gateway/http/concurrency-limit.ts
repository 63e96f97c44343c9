interface Waiting {
  readonly start: () => void;
  readonly refuse: () => void;
}

/**
 * Lets a few tasks run at a time and some more wait. The keys of the tasks that wait take turns, and of one key the newest
 * task goes first, so that a client that sends a lot at once delays neither other clients nor its own next request. When too
 * many tasks wait, the oldest one of the key that has most is refused.
 */
export class ConcurrencyLimit {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #refusal: () => Error;
  #running = 0;
  #count = 0;
  /** The tasks that wait, by key. The key whose turn is next comes first. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(bounds: { runningMax: number; waitingMax: number; refusal: () => Error }) {
    this.#runningMax = bounds.runningMax;
    this.#waitingMax = bounds.waitingMax;
    this.#refusal = bounds.refusal;
  }

  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#runningMax) this.#running++;
    else await this.#turn(key);
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#running--;
      else next.start();
    }
  }

  /** Resolves when a task that is done hands on its place. */
  #turn(key: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.#waiting.get(key) ?? [];
      line.push({ start: resolve, refuse: () => reject(this.#refusal()) });
      this.#waiting.set(key, line);
      if (++this.#count > this.#waitingMax) this.#refuseOldest();
    });
  }

  #next(): Waiting | undefined {
    for (const [key, line] of this.#waiting) {
      const next = line.pop();
      this.#waiting.delete(key);
      if (line.length > 0) this.#waiting.set(key, line);
      this.#count--;
      return next;
    }
    return undefined;
  }

  #refuseOldest(): void {
    let longest: [key: string, line: Waiting[]] | undefined;
    for (const each of this.#waiting) if (each[1].length > (longest?.[1].length ?? 0)) longest = each;
    if (longest === undefined) return;
    const [key, line] = longest;
    line.shift()?.refuse();
    this.#count--;
    if (line.length === 0) this.#waiting.delete(key);
  }
}
