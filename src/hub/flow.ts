import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';
import { UNKNOWN } from '../model/principal.ts';
import type { Cohort } from './cohort.ts';
import type { Cohorts } from './cohorts.ts';
import { EncodedEvent } from './encoded-event.ts';
import type { Lanes } from './lanes.ts';
import { Stats } from './stats.ts';

const SAMPLED_MAX = bound(
  'latest events of the log from which a node tells who publishes and who hears',
  1_000,
  'entries',
  'older ones do not count',
);
const SAMPLED_BYTES_MAX = bound(
  'bytes of the events from which a node tells who publishes and who hears',
  1024 * 1024,
  'bytes',
  'older ones do not count',
);
const CHECKS_MAX = bound(
  'checks of cohorts by which a node tells who hears its latest events',
  50_000,
  'entries',
  'fewer events count for who hears them, at least one',
);
const PUBLISHERS_MAX = bound(
  'publishers that a node names for a topic',
  20,
  'entries',
  'the others are counted together',
);
const TOPICS_MAX = bound(
  'topics for which a node tells who publishes and who hears',
  200,
  'entries',
  'those with the most of the latest events are told',
);
/** However often it is asked for, a sample is taken as often. */
const TOGETHER_MS = 2_000;

/** Who published the latest events of a type and an action, and to how many connections of this node they went. */
export interface TopicFlow {
  readonly type: string;
  readonly action: string;
  /** How many of the latest events were of this topic. */
  readonly events: number;
  /** How many of them each principal published, the most first; `unknown` where an event does not say. */
  readonly publishers: Readonly<Record<string, number>>;
  readonly otherPublishers: number;
  /** To how many connections of each dialect one of these events goes, as a mean, as they are subscribed now. */
  readonly hearers: Readonly<Record<string, number>>;
}

interface Counted {
  readonly type: string;
  readonly action: string;
  events: number;
  readonly publishers: Map<string, number>;
  /** How many of the events count for the hearers. */
  checked: number;
  readonly hearers: Map<string, number>;
}

export interface FlowOptions {
  readonly lanes: Pick<Lanes, typeof Symbol.iterator>;
  readonly cohorts: Pick<Cohorts, 'match'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/**
 * Tells who publishes what, and who hears it, from the latest events of the log. Nothing is counted for it as events come: the
 * sample is taken when somebody asks.
 */
export class Flow {
  readonly #options: FlowOptions;
  #at = -Infinity;
  #sample: readonly TopicFlow[] = [];

  constructor(options: FlowOptions) {
    this.#options = options;
  }

  /** The topics of the latest events, those with the most of them first. It is at most two seconds old. */
  sample(): readonly TopicFlow[] {
    const now = this.#options.clock.elapsed();
    if (now - this.#at >= TOGETHER_MS) {
      this.#sample = this.#take();
      this.#at = now;
    }
    return this.#sample;
  }

  #take(): TopicFlow[] {
    const topics = new Map<string, Counted>();
    let [bytes, checks] = [0, 0];
    for (const event of this.#latest()) {
      const { type, action } = event;
      const name = JSON.stringify([type, action]);
      const topic = topics.get(name) ?? {
        type,
        action,
        events: 0,
        publishers: new Map(),
        checked: 0,
        hearers: new Map(),
      };
      topics.set(name, topic);
      topic.events++;
      raise(topic.publishers, event.principal ?? UNKNOWN, 1);
      if (topic.checked === 0 || checks < CHECKS_MAX)
        checks += this.#check(topic, new EncodedEvent(event, new Stats()));
      bytes += event.size;
      if (bytes >= SAMPLED_BYTES_MAX) break;
    }
    const busiest = [...topics.values()].toSorted((a, b) => b.events - a.events).slice(0, TOPICS_MAX);
    return busiest.map((topic) => told(topic));
  }

  /** The latest events of the log: of several shards as many of each. */
  *#latest(): Generator<HubEvent> {
    const lanes = [...this.#options.lanes];
    const latest = lanes.map(({ cache }) => cache.recent.latest(Math.ceil(SAMPLED_MAX / lanes.length)));
    for (let turn = latest; turn.length > 0;) {
      const read = turn.map((events) => ({ events, event: events.next().value }));
      for (const { event } of read) if (event) yield event;
      turn = read.flatMap(({ events, event }) => (event ? [events] : []));
    }
  }

  /** Counts the connections that an event goes to. Returns how many cohorts were asked. */
  #check(topic: Counted, encoded: EncodedEvent): number {
    const matched = this.#options.cohorts.match(encoded.event);
    topic.checked++;
    for (const cohort of matched)
      if (cohort.admits(encoded)) raise(topic.hearers, dialectOf(cohort), cohort.members.size);
    return matched.length;
  }
}

function told({ type, action, events, publishers, checked, hearers }: Counted): TopicFlow {
  const sorted = [...publishers].toSorted(([, a], [, b]) => b - a);
  const others = sorted.slice(PUBLISHERS_MAX);
  return {
    type,
    action,
    events,
    publishers: Object.fromEntries(sorted.slice(0, PUBLISHERS_MAX)),
    otherPublishers: others.reduce((sum, [, count]) => sum + count, 0),
    hearers: Object.fromEntries(Array.from(hearers, ([dialect, sum]) => [dialect, sum / checked])),
  };
}

function dialectOf({ encoding: { name } }: Cohort): string {
  return name.split(' ', 1)[0] ?? name;
}

function raise(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
