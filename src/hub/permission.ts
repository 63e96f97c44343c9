import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import { withoutGrant, type Identity } from '../model/principal.ts';
import type { Connection } from './connection.ts';
import { textOf } from './subscription.ts';

/** Room for a thousand topics with a UUID each, and more. */
const MAX_TEXT_LENGTH = bound(
  'texts of the subscriptions of one connection, filters included',
  256 * 1024,
  'characters',
  'the command is refused with pattern_invalid',
);

/** The events as published by this principal. @throws BelfryError `forbidden` unless it may publish all of them */
export function authorizePublish({ principal, publish }: Identity, events: readonly NewEvent[]): NewEvent[] {
  return events.map((event) => {
    if (publish.permit(event)) return { ...event, principal };
    const { type, action, key } = event;
    throw new BelfryError('forbidden', withoutGrant(principal, `to publish "${type}.${action}.${key}"`));
  });
}

/**
 * Those that go on: what is refused alone is told to `refuse`.
 * @throws BelfryError `forbidden` when any other is beyond the grants
 */
export function authorizeSubscribe(
  { principal, subscribe }: Identity,
  asked: readonly Subscription[],
  refuse: (error: BelfryError) => void,
): readonly Subscription[] {
  return asked.filter(({ name, pattern, onForbidden }) => {
    if (onForbidden === 'kept' || subscribe.overlap(pattern)) return true;
    const error = new BelfryError('forbidden', withoutGrant(principal, `to hear "${name}"`));
    if (onForbidden !== 'alone') throw error;
    refuse(error);
    return false;
  });
}

/**
 * Whether a connection has room for these, once those named in `replaces` have ended. Looks at what changes, and not at
 * what is held.
 * @throws BelfryError `subscriptions_exceeded`, or `pattern_invalid` when comma lists expand beyond the bound
 */
export function checkSubscriptionLimits(
  { subscriptions, limits }: Pick<Connection, 'subscriptions' | 'limits'>,
  added: readonly Subscription[],
  replaces: readonly string[],
  maxTopics: number,
): void {
  const names = new Set(added.map(({ name }) => name));
  const ended = [...new Set([...names, ...replaces])].flatMap((name) => subscriptions.get(name) ?? []);
  const count = subscriptions.size - ended.length + names.size;
  const { subscriptionsMax = Number.POSITIVE_INFINITY } = limits;
  checkLength(subscriptions.characters, added);
  if (count > subscriptionsMax) {
    throw new BelfryError(
      'subscriptions_exceeded',
      `That would make ${count} subscriptions. Expected at most ${subscriptionsMax} a connection.`,
    );
  }
  const kept = ended.reduce((sum, { subscription }) => sum - subscription.pattern.size, subscriptions.topics);
  const topics = added.reduce((sum, { pattern }) => sum + pattern.size, kept);
  if (topics <= maxTopics) return;
  throw new BelfryError(
    'pattern_invalid',
    `The subscriptions expand to ${topics} topics. Expected at most ${maxTopics} a connection.`,
  );
}

/** Together their texts have a bound too, since they are kept. */
function checkLength(held: number, added: readonly Subscription[]): void {
  let length = held;
  // No longer than it fits: what is shared by a thousand patterns need not be written out a thousand times to see that.
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
