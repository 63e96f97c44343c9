import { close } from './close.ts';
import { dropOldest } from './drop-oldest.ts';
import { latestPerKey } from './latest-per-key.ts';
import type { SlowPolicy } from './slow-policy.ts';

/**
 * Every policy by the name that clients ask for it. The order has a meaning: the policies that give up less stand first.
 * Where several subscriptions of a connection admit one event, the first of their policies decides; and a full queue makes
 * room by the first ones before it does so by the others.
 */
export const SLOW_POLICIES = {
  close,
  'latest-per-key': latestPerKey,
  'drop-oldest': dropOldest,
} as const satisfies Readonly<Record<string, SlowPolicy>>;

export type SlowPolicyName = keyof typeof SLOW_POLICIES;

export const SLOW_POLICY_NAMES = Object.keys(SLOW_POLICIES) as readonly SlowPolicyName[];

/** The policy of a subscription that names none. It leaves nothing out. */
export const DEFAULT_SLOW_POLICY: SlowPolicyName = 'close';

/** What clients may ask for, for those who read the API description. */
export const SLOW_POLICIES_TEXT = `What becomes of events when the queue of the client is full. ${Object.entries(
  SLOW_POLICIES,
)
  .map(([name, { text }]) => `${name}: ${text}`)
  .join('. ')}.`;
