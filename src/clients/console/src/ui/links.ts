import { writeTerm } from '../connections/filter.ts';

/** The screen of connections with those that have this value. */
export function connectionsLink(field: 'node' | 'principal', value: string): string {
  return `/connections?${new URLSearchParams({ q: writeTerm(field, value) })}`;
}

/** The screen of live events with those of a pattern. */
export function liveLink(pattern: string): string {
  return `/live?${new URLSearchParams({ pattern })}`;
}
