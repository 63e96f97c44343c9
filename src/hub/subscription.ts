import type { Subscription } from '../dialects/dialect.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import { passes, type Filter } from '../model/filter.ts';
import {
  DEFAULT_SLOW_POLICY,
  SLOW_POLICIES,
  SLOW_POLICY_NAMES,
  type SlowPolicyName,
} from '../model/slow-policies/index.ts';
import type { Droppable, SlowPolicy } from '../model/slow-policies/slow-policy.ts';
import type { EncodedEvent } from './encoded-event.ts';

/** Whether a subscription admits an event. */
export function matches({ pattern, filters }: Subscription, event: HubEvent): boolean {
  return pattern.matches(event) && filters.every((filter) => passes(filter, event));
}

/** Subscriptions with equal texts admit the same events. */
export function textOf({ pattern, filters }: Subscription): string {
  return JSON.stringify(pattern.text) + textOfAll(filters);
}

/** Whether two subscriptions admit the same events, and treat slow consumers alike. */
export function isSame(a: Subscription, b: Subscription): boolean {
  return a.pattern.text === b.pattern.text && policyOf(a) === policyOf(b) && textOf(a) === textOf(b);
}

/** The subscriptions of one command share their filters, so the text of the filters is made once for all of them. */
const texts = new WeakMap<readonly Filter[], string>();

function textOfAll(filters: readonly Filter[]): string {
  if (filters.length === 0) return '';
  let text = texts.get(filters);
  if (text === undefined)
    texts.set(filters, (text = JSON.stringify(filters.map((each) => each.text).toSorted())));
  return text;
}

/**
 * How an event may be left out for a slow consumer, or `undefined` when it may not. If several subscriptions admit the
 * event, the one whose policy gives up least decides.
 */
export function droppableOf(
  subscriptions: readonly Subscription[],
  encoded: Pick<EncodedEvent, 'event' | 'before' | 'after'> | undefined,
): Droppable | undefined {
  if (encoded === undefined || encoded.event.type === HUB_TYPE) return undefined;
  const { event, before, after } = encoded;
  const admitting = new Set(subscriptions.filter((each) => matches(each, event)).map(policyOf));
  const name = SLOW_POLICY_NAMES.find((each) => admitting.has(each));
  if (name === undefined || name === DEFAULT_SLOW_POLICY) return undefined;
  const policy: SlowPolicy = SLOW_POLICIES[name];
  return { policy, kind: policy.kindOf?.(event), before, after };
}

/** The name of the policy for the events that a subscription admits, unless another subscription admits them too. */
export function policyOf({ slow = DEFAULT_SLOW_POLICY }: Subscription): SlowPolicyName {
  return slow;
}
