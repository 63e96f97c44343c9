import { aroundEvent, isCursor } from '../../../../model/cursor.ts';
import { partsOf } from '../../../../model/pattern-parts.ts';

/** What is meant by a text that somebody typed to find an event. */
export type EventSearch =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'pattern'; readonly pattern: string; readonly isTopic: boolean }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'newest' };

/** The longest text for which the log is searched. */
const TEXT_MAX = 200;

export function readSearch(written: string): EventSearch {
  const text = written.trim();
  if (text === '') return { kind: 'newest' };
  if (isCursor(text)) return { kind: 'id', id: text };
  const parts = /\s/.test(text) ? '' : partsOf(text);
  if (typeof parts === 'object')
    return {
      kind: 'pattern',
      pattern: text,
      isTopic: parts.every((part) => part !== '*' && part.length === 1),
    };
  return { kind: 'text', text: text.slice(0, TEXT_MAX) };
}

/** Types whose events the registry tells by itself. They are looked for only when somebody names them. */
const OWN_TYPES: ReadonlySet<string> = new Set(['connections', 'presence', 'interest']);

/** The query of `GET /api/v3/events` for a page of the newest that are meant. `types` are those that were heard lately. */
export function searchQuery(search: EventSearch, types: readonly string[], limit: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  const others = types.filter((type) => !OWN_TYPES.has(type) && /^[\w-]+$/.test(type));
  if (search.kind === 'id') {
    for (const [name, position] of Object.entries(aroundEvent(search.id))) query.set(name, position);
    query.set('limit', '1');
  } else if (search.kind === 'pattern') query.set('pattern', search.pattern);
  else if (others.length > 0 && others.length <= 200) query.set('pattern', `${others.join()}.*.*`);
  if (search.kind === 'text') query.set('q', search.text);
  return query;
}
