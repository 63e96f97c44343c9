import type { Lanes } from './lanes.ts';
import type { Listening, TopicInterest } from './topic-interest.ts';

/** What the cohorts of a node listen to: which topics others are told of, and which shards the node follows for it. */
export class CohortInterest implements Pick<TopicInterest, 'add' | 'remove'> {
  readonly #topics: Pick<TopicInterest, 'add' | 'remove'>;
  readonly #lanes: Pick<Lanes, 'shardsOf' | 'use' | 'release'>;

  constructor(
    topics: Pick<TopicInterest, 'add' | 'remove'>,
    lanes: Pick<Lanes, 'shardsOf' | 'use' | 'release'>,
  ) {
    this.#topics = topics;
    this.#lanes = lanes;
  }

  /** A cohort listens. By default its subscriptions are meant. */
  add(listening: Listening, subscriptions = listening.subscriptions): void {
    this.#topics.add(listening, subscriptions);
    for (const subscription of subscriptions) this.#lanes.use(this.#lanes.shardsOf([subscription]));
  }

  /** A cohort listens no longer to subscriptions that were added for it. */
  remove(listening: Listening, subscriptions = listening.subscriptions): void {
    this.#topics.remove(listening, subscriptions);
    for (const subscription of subscriptions) this.#lanes.release(this.#lanes.shardsOf([subscription]));
  }
}
