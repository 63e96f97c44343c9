/**
 * Makes a result once for all callers that ask for it at the same time. A caller waits for the next run and not for
 * one that has begun, so that every caller gets a result that was true after it asked. Between two runs there is a
 * pause as long as the last run.
 */
export class SingleFlight<Result> {
  readonly #make: () => Promise<Result>;
  #next: Promise<Result> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(make: () => Promise<Result>) {
    this.#make = make;
  }

  get(): Promise<Result> {
    return (this.#next ??= this.#after(this.#last));
  }

  async #after(last: Promise<unknown>): Promise<Result> {
    await last;
    this.#next = undefined;
    const begun = performance.now();
    const made = this.#make();
    this.#last = made.then(
      () => rest(performance.now() - begun),
      () => undefined,
    );
    return made;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
