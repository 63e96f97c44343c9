import type { InterestRules } from '../model/interest.ts';
import type { Interest } from '../registry/interest.ts';
import type { Subscription } from '../dialects/dialect.ts';
import type { Grants } from '../model/principal.ts';

/** The part of a cohort that says what its members listen to. */
export interface Listening {
  readonly grants: Grants;
  readonly subscriptions: readonly Subscription[];
}

/**
 * Counts which topics of the rules the cohorts of this node listen to, and says so where the first comes or the last
 * goes. Cohorts come and go with thousands of connections a second, so a subscription that no rule concerns costs next
 * to nothing.
 */
export class TopicInterest {
  readonly #rules: InterestRules;
  readonly #interest: Pick<Interest, 'set'>;
  /** How many subscriptions of cohorts there are for each topic. */
  readonly #counts = new Map<string, number>();

  constructor(rules: InterestRules, interest: Pick<Interest, 'set'>) {
    this.#rules = rules;
    this.#interest = interest;
  }

  /** A cohort listens. By default its subscriptions are meant. */
  add({ grants, subscriptions: all }: Listening, subscriptions = all): void {
    for (const { pattern } of subscriptions) {
      for (const topic of this.#rules.topicsOf(pattern, grants)) {
        const count = this.#counts.get(topic) ?? 0;
        this.#counts.set(topic, count + 1);
        if (count === 0) this.#interest.set(topic, true);
      }
    }
  }

  /** A cohort listens no longer to subscriptions that were added for it. */
  remove({ grants, subscriptions: all }: Listening, subscriptions = all): void {
    for (const { pattern } of subscriptions) {
      for (const topic of this.#rules.topicsOf(pattern, grants)) {
        const count = this.#counts.get(topic) ?? 0;
        if (count > 1) this.#counts.set(topic, count - 1);
        else if (this.#counts.delete(topic)) this.#interest.set(topic, false);
      }
    }
  }
}
