/** Nothing else on the event loop waits longer than this for work that is done in turns, save for one step of it. */
const TURN_MS = 5;

/** Tells long work when its turn of the event loop is over, and gives the next one. */
export class Turn {
  #since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#since > TURN_MS;
  }

  /** After whatever else was waiting. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}

/** As `Array.map`, in as many turns of the event loop as that takes. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  const turn = new Turn();
  for (const item of items) {
    if (turn.isOver) await turn.next();
    results.push(map(item));
  }
  return results;
}
