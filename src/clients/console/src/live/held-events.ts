import { escapeValue } from '../../../../model/exact-pattern.ts';
import { summaryOf } from './event-summary.ts';
import type { LiveStore } from './live-store.ts';
import type { EventRow } from './rows.ts';

/** So many rows are looked through at most. */
const LOOKED_AT = 400;

/** The keys of the newest events with one of these types and actions. */
export function keysSeen(
  store: LiveStore,
  types: readonly string[],
  actions: readonly string[],
): Set<string> {
  const keys = new Set<string>();
  for (const row of newestFirst(store)) {
    const { type, action, key } = summaryOf(row);
    if (isOneOf(types, type) && isOneOf(actions, action)) keys.add(key);
  }
  return keys;
}

/** The event of the same type and key that came before an event. */
export function beforeOfKey(store: LiveStore, event: EventRow | undefined): EventRow | undefined {
  if (event === undefined) return undefined;
  const { type, key } = summaryOf(event);
  let isAfter = false;
  for (const row of newestFirst(store)) {
    const summary = isAfter ? summaryOf(row) : undefined;
    if (summary?.type === type && summary.key === key) return row;
    isAfter ||= row === event;
  }
  return undefined;
}

function* newestFirst(store: LiveStore): Generator<EventRow> {
  const { origin, end } = store.view();
  for (let position = end - 1; position >= Math.max(origin, end - LOOKED_AT); position--) {
    const row = store.at(position);
    if (row?.kind === 'event') yield row;
  }
}

function isOneOf(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(escapeValue(value));
}
