import type { Me } from '../session/me.ts';
import { readFilter, writeFilter, type ValueFilter } from './value-filters.ts';

/** What a list of events shows. It stands in the link. */
export interface LiveQuery {
  readonly patterns: readonly string[];
  readonly filters: readonly ValueFilter[];
  /** Only events in whose JSON this stands, in capital or small letters. */
  readonly text: string;
}

/** As much text as the history can be searched for. */
export const TEXT_MAX = 200;
/** A subscription has a limit of topics. Whoever may hear more patterns than these chooses some. */
const PATTERNS_BY_DEFAULT = 20;

/** The query of a link. Without patterns it shows all that the one who is signed in may hear. */
export function readQuery(parameters: URLSearchParams, me: Me): LiveQuery {
  const patterns = parameters.getAll('pattern').filter((text) => text !== '');
  return {
    patterns: patterns.length > 0 ? patterns : defaultPatterns(me),
    filters: parameters.getAll('filter').flatMap((text) => readFilter(text) ?? []),
    text: (parameters.get('q') ?? '').slice(0, TEXT_MAX),
  };
}

export function writeQuery({ patterns, filters, text }: LiveQuery, me: Me): URLSearchParams {
  const parameters = new URLSearchParams();
  if (JSON.stringify(patterns) !== JSON.stringify(defaultPatterns(me)))
    for (const pattern of patterns) parameters.append('pattern', pattern);
  for (const filter of filters) parameters.append('filter', writeFilter(filter));
  if (text !== '') parameters.set('q', text);
  return parameters;
}

export function defaultPatterns({ subscribe }: Me): readonly string[] {
  return subscribe.includes('*.*.*') ? ['*.*.*'] : subscribe.slice(0, PATTERNS_BY_DEFAULT);
}
