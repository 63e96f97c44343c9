import { randomFrom } from './random.ts';
import { rateOf, type Scenario } from './scenario.ts';

/** The topic of the events that all clients hear. */
export const EVERYBODY = -1;
/** A publisher wakes no more often than this, and sends what is due. */
const TICK_MS = 1;

/** A published event. Times are in milliseconds. */
export interface Published {
  /** When it was published. */
  readonly at: number;
  readonly topic: number;
  readonly shard: number;
}

/** What the publishers send in this time, in the order of time. Each sends its events evenly. */
export function publishedIn(scenario: Scenario, ms: number): Published[] {
  const { publishers, shards, wanted, topics, broadcasts } = scenario;
  const rate = rateOf(scenario);
  const random = randomFrom(1);
  const ofEach = rate / publishers / 1_000;
  const shareForAll = broadcasts / rate;
  const published: Published[] = [];
  let count = 0;
  let forAll = 0;
  for (let publisher = 0; publisher < publishers; publisher++) {
    let sent = 0;
    // The first event of a publisher falls anywhere in the time that it takes to the next one.
    const phase = random();
    const every = Math.max(TICK_MS, 1 / ofEach);
    for (let at = phase * every; at < ms; at += every) {
      const due = Math.floor(at * ofEach + 1e-9 + 1 - phase * Math.min(1, every * ofEach));
      for (; sent < due; sent++) published.push({ at, topic: 0, shard: 0 });
    }
  }
  published.sort((a, b) => a.at - b.at); // oxlint-disable-line no-array-sort -- it is new
  return published.map(({ at }) => {
    const isForAll = Math.floor(++count * shareForAll) > forAll;
    if (isForAll) forAll++;
    const topic = isForAll ? EVERYBODY : count % topics;
    const ofAll = wanted < shards ? 0 : Math.floor(random() * shards);
    return { at, topic, shard: isForAll ? ofAll : topic % shards };
  });
}
