import { BelfryError } from './errors.ts';
import type { NewEvent } from './event.ts';
import type { Pattern } from './pattern.ts';
import { withoutGrant, type Identity } from './principal.ts';

/* Whether the grants of a principal permit what it asks for. */

/**
 * The events with the principal that publishes them.
 * @throws BelfryError `forbidden` unless the principal may publish all of them
 */
export function authorizePublish({ principal, publish }: Identity, events: readonly NewEvent[]): NewEvent[] {
  return events.map((event) => {
    if (publish.permit(event)) return { ...event, principal };
    const { type, action, key } = event;
    throw new BelfryError('forbidden', withoutGrant(principal, `to publish "${type}.${action}.${key}"`));
  });
}

/** A subscription, as far as grants are concerned. */
interface Asked {
  readonly name: string;
  readonly pattern: Pattern;
  /** What happens to it when it is forbidden. Absent: everything that was asked for with it is refused. */
  readonly onForbidden?: 'alone' | 'kept';
}

/**
 * The subscriptions that a principal may have. `refuse` is told of each one that is refused alone.
 * @throws BelfryError `forbidden` when any other one is not permitted
 */
export function authorizeSubscribe<Subscription extends Asked>(
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
