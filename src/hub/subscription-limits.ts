import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { Connection } from './connection.ts';
import { textOf } from './subscription.ts';

/** A thousand topics with a UUID each fit into it, and more. */
const MAX_TEXT_LENGTH = bound(
  'texts of the subscriptions of one connection, filters included',
  256 * 1024,
  'characters',
  'the command is refused with pattern_invalid',
);

/**
 * Checks that a connection may have these subscriptions too, once those that are named in `replaces` have ended. The
 * cost grows with what changes, and not with what the connection has.
 * @throws BelfryError `subscriptions_exceeded`, or `pattern_invalid` when comma lists expand beyond the bound
 */
export function checkSubscriptionLimits(
  { subscriptions, limits }: Pick<Connection, 'subscriptions' | 'limits'>,
  added: readonly Subscription[],
  replaces: readonly string[],
  maxTopics: number,
): void {
  checkLength(subscriptions.characters, added);
  const { subscriptionsMax = Number.POSITIVE_INFINITY } = limits;
  // Far below the limits it does not matter which of them replace others.
  const [countAtMost, topicsAtMost] = [
    subscriptions.size + added.length,
    topicsWith(subscriptions.topics, added),
  ];
  if (countAtMost <= subscriptionsMax && topicsAtMost <= maxTopics) return;
  const names = new Set(added.map(({ name }) => name));
  const ended = [...new Set([...names, ...replaces])].flatMap((name) => subscriptions.get(name) ?? []);
  const count = subscriptions.size - ended.length + names.size;
  if (count > subscriptionsMax) {
    throw new BelfryError(
      'subscriptions_exceeded',
      `That would make ${count} subscriptions. Expected at most ${subscriptionsMax} a connection.`,
    );
  }
  const kept = ended.reduce(
    (total, { subscription }) => total - subscription.pattern.size,
    subscriptions.topics,
  );
  const topics = topicsWith(kept, added);
  if (topics <= maxTopics) return;
  throw new BelfryError(
    'pattern_invalid',
    `The subscriptions expand to ${topics} topics. Expected at most ${maxTopics} a connection.`,
  );
}

function topicsWith(topics: number, added: readonly Subscription[]): number {
  return added.reduce((sum, { pattern }) => sum + pattern.size, topics);
}

/** The texts of all subscriptions together have a bound too, since they are kept. */
function checkLength(held: number, added: readonly Subscription[]): void {
  let length = held;
  // Filters that a thousand patterns share are not written out a thousand times: the first text beyond the bound
  // decides.
  for (const subscription of added) {
    length += textOf(subscription).length;
    if (length > MAX_TEXT_LENGTH) break;
  }
  if (length <= MAX_TEXT_LENGTH) return;
  throw new BelfryError(
    'pattern_invalid',
    `The subscriptions are more than ${MAX_TEXT_LENGTH} characters long. Expected no more than that a connection, filters included.`,
  );
}
