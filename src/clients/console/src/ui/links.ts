import { writeTerm } from '../connections/filter.ts';
import { mayHear, type Me } from '../session/me.ts';

/** The screen of connections with those that have this value. */
export function connectionsLink(field: 'node' | 'principal' | 'dialect', value: string): string {
  return `/connections?${new URLSearchParams({ q: writeTerm(field, value) })}`;
}

/** The screen of live events with those of a pattern. */
export function liveLink(pattern: string): string {
  return `/live?${new URLSearchParams({ pattern })}`;
}

/** Whether the screen of connections is there for somebody. */
export function maySeeConnections(me: Me): boolean {
  return mayHear(me, 'connections.create.*');
}
