/** Nothing else on the event loop waits longer than this for work that is done in turns, save for one step of it. */
const TURN_MS = 5;

/** Works that wait for their next turn. One gets it at a time: what is done in turns is one load, however many there are. */
const waiting: (() => void)[] = [];

/** Tells long work when its turn of the event loop is over, and gives the next one. */
export class TimeSlice {
  #since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#since > TURN_MS;
  }

  /** After whatever else was waiting. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(giveTurn);
    });
    this.#since = performance.now();
  }
}

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}

/** As `Array.map`, in as many turns of the event loop as that takes. */
export async function mapInSlices<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  const turn = new TimeSlice();
  for (const item of items) {
    if (turn.isOver) await turn.next();
    results.push(map(item));
  }
  return results;
}
