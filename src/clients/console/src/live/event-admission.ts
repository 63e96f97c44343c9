import { hiddenTypes } from '../../../../model/hidden-types.ts';
import { eventFields } from '../json/json-tree.ts';
import type { LiveQuery } from './live-query.ts';
import type { EventRow } from './rows.ts';
import { passesAll, splitFilters } from './value-filters.ts';

/** Why an event is not shown, or `undefined` if it is. */
type Refusal = 'filtered' | { readonly hidden: string } | undefined;

/** Decides which events of the hub a list shows: what the hub cannot decide. */
export function admission(query: LiveQuery): (row: EventRow, type?: string) => Refusal {
  const named = new Set(
    query.filters.filter(({ path, not }) => path.join() === 'type' && !not).map(({ json }) => json),
  );
  const hidden = new Set([...hiddenTypes(query.patterns)].filter((type) => !named.has(`"${type}"`)));
  const { page } = splitFilters(query.filters);
  const wanted = query.text.toLowerCase();
  return ({ text }, type = typeOf(text)) => {
    if (hidden.has(type)) return { hidden: type };
    if (wanted !== '' && !text.toLowerCase().includes(wanted)) return 'filtered';
    return passesAll(page, text) ? undefined : 'filtered';
  };
}

/** The hub writes the type before what a publisher has written, so it is mostly found at once. */
function typeOf(text: string): string {
  const [, plain] = /^\{"id":"[\d-]+","time":"[^"\\]*","type":"([^"\\]*)"/.exec(text) ?? [];
  if (plain !== undefined) return plain;
  return eventFields(text).get('type')?.string ?? '';
}
