import { escapeValue } from '../../../../model/exact-pattern.ts';
import { summaryOf } from './event-summary.ts';
import type { LiveStore } from './live-store.ts';

/** The newest rows are looked through. */
const LOOKED_AT = 400;

/** The keys of the newest events with one of these types and actions. */
export function keysSeen(
  store: LiveStore,
  types: readonly string[],
  actions: readonly string[],
): Set<string> {
  const keys = new Set<string>();
  const { origin, end } = store.view();
  for (let position = end - 1; position >= Math.max(origin, end - LOOKED_AT); position--) {
    const row = store.at(position);
    if (row?.kind !== 'event') continue;
    const { type, action, key } = summaryOf(row);
    if (isOneOf(types, type) && isOneOf(actions, action)) keys.add(key);
  }
  return keys;
}

function isOneOf(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(escapeValue(value));
}
