/** Work in slices holds up everything else on the event loop for at most this long, plus one step. */
const TURN_MS = 5;

/**
 * Pieces of work that wait for their next slice. One gets it at a time, so they count as one load, however many they
 * are.
 */
const waiting: (() => void)[] = [];

/**
 * A slice of time for long work: it tells when the slice is over, and waits for the next one, so that the event loop
 * stays free for others.
 */
export class TimeSlice {
  #since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#since > TURN_MS;
  }

  /** Resolves after everything else that was waiting. */
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

/** Like `Array.map`, in as many slices of time as it takes. */
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
