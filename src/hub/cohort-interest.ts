import type { Layout } from '../model/shards.ts';
import type { Lanes } from './lanes.ts';
import type { Listening, TopicInterest } from './topic-interest.ts';

type FollowedLanes = Pick<Lanes, 'shardsOf' | 'begin' | 'use' | 'release'>;

/** What the cohorts of a node listen to: which topics others are told of, and which shards the node follows for it. */
export class CohortInterest implements Pick<TopicInterest, 'add' | 'remove'> {
  readonly #topics: Pick<TopicInterest, 'add' | 'remove'>;
  readonly #lanes: FollowedLanes;

  constructor(topics: Pick<TopicInterest, 'add' | 'remove'>, lanes: FollowedLanes) {
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

  /** The hub was divided anew: what the cohorts listen to lies in other shards from now on. */
  divide(cohorts: Iterable<Pick<Listening, 'subscriptions'>>, before: Layout): void {
    for (const { subscriptions } of cohorts)
      for (const subscription of subscriptions) {
        const shards = this.#lanes.shardsOf([subscription]);
        this.#lanes.begin(shards);
        this.#lanes.use(shards);
        this.#lanes.release(this.#lanes.shardsOf([subscription], before));
      }
  }
}
