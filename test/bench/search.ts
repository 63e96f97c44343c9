export interface SearchOptions<R> {
  /** The load at which the search begins. */
  readonly from: number;
  /** How often the range between the last good load and the first bad one is halved. */
  readonly halvings: number;
  /** How many runs at one load are asked at most. More than half of them decide. */
  readonly votes: number;
  readonly runAt: (load: number) => Promise<R>;
  readonly isGood: (run: R) => boolean;
}

export interface Found<R> {
  /** The highest load that was sustained, with the runs that sustained it. */
  readonly most?: { readonly load: number; readonly runs: readonly R[] };
  /** The last run that was not sustained at the lowest load above that. */
  readonly failed?: R;
}

/** No search needs as many steps, so one that reaches this bound has a fault. */
const STEPS_MAX = 14;
/** A load that was sustained once, but not mostly, is lowered by this factor, this many times at most. */
const LOWERED = 7 / 8;
const LOWERED_AT_MOST = 6;

/**
 * Doubles the load until it is not sustained, halves the range between, and confirms what it found. One good run is enough
 * to go on, since noise makes no server faster, but one bad run is not enough to stop. What is found was sustained in more
 * than half of its votes.
 */
export async function searchMost<R>({
  from,
  halvings,
  votes,
  runAt,
  isGood,
}: SearchOptions<R>): Promise<Found<R>> {
  const majority = Math.floor(votes / 2) + 1;
  let load = from;
  let good: Polled<R> | undefined;
  let bad: Polled<R> | undefined;
  let left = halvings;
  for (let step = 0; step < STEPS_MAX; step++) {
    const polled = await poll(load, 1);
    if (polled.good.length > 0) good = polled;
    else bad = polled;
    if (bad === undefined) load *= 2;
    else if (left-- > 0) load = ((good?.load ?? 0) + bad.load) / 2;
    else break;
  }
  for (let lowered = 0; good !== undefined && lowered <= LOWERED_AT_MOST; lowered++) {
    const confirmed = good.good.length >= majority ? good : await poll(good.load, majority);
    if (confirmed.good.length >= majority) return found(confirmed, bad);
    bad = confirmed;
    good = { load: good.load * LOWERED, good: [], bad: [] };
  }
  return found(undefined, bad);

  /** Runs at a load until `wanted` runs were good, or more than half of the votes were bad. */
  async function poll(at: number, wanted: number): Promise<Polled<R>> {
    const runs: { good: R[]; bad: R[] } = { good: [], bad: [] };
    while (runs.good.length < wanted && runs.bad.length < majority) {
      const run = await runAt(at);
      runs[isGood(run) ? 'good' : 'bad'].push(run);
    }
    return { load: at, ...runs };
  }
}

/** The runs at one load. */
interface Polled<R> {
  readonly load: number;
  readonly good: readonly R[];
  readonly bad: readonly R[];
}

function found<R>(good: Polled<R> | undefined, bad: Polled<R> | undefined): Found<R> {
  const failed = bad?.bad.at(-1);
  return {
    ...(good !== undefined && { most: { load: good.load, runs: good.good } }),
    ...(failed !== undefined && { failed }),
  };
}
