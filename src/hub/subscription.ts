import type { SlowPolicy, Subscription } from '../dialects/dialect.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import { passes, type Filter } from '../model/filter.ts';
import type { Droppable } from './frame.ts';

/** Whether a subscription admits an event. */
export function matches({ pattern, filters }: Subscription, event: HubEvent): boolean {
  return pattern.matches(event) && filters.every((filter) => passes(filter, event));
}

/** Subscriptions with equal texts admit the same events. */
export function textOf({ pattern, filters }: Subscription): string {
  return JSON.stringify(pattern.text) + textOfAll(filters);
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
 * How an event may be left out for a slow connection; `undefined` when it may not be. Where several subscriptions admit
 * it, the one that gives up least decides.
 */
export function droppableOf(
  subscriptions: readonly Subscription[],
  event: HubEvent | undefined,
): Droppable | undefined {
  if (event === undefined || event.type === HUB_TYPE) return undefined;
  const policies = new Set<SlowPolicy>(
    subscriptions.filter((each) => matches(each, event)).map(({ slow = 'close' }) => slow),
  );
  if (policies.has('close') || policies.size === 0) return undefined;
  const { id, previous, type, action, key } = event;
  const kind = policies.has('latest-per-key') ? JSON.stringify([type, action, key]) : undefined;
  return { kind, id, previous };
}
