import type { Connection } from '../connections/connection.ts';
import { askConnections } from '../connections/connections-store.ts';
import { session } from '../session/session.ts';
import { connectionQuery } from './connection-search.ts';
import { searchQuery, type EventSearch } from './event-search.ts';
import type { Explanation, LoggedEvent, WhoHears } from './explanation.ts';

export interface EventPage {
  readonly events: readonly LoggedEvent[];
  /** Where older ones may be. */
  readonly earlier?: string;
}

export const EVENTS_PER_PAGE = 50;
export const HEARERS_MAX = 1_000;
export const CONNECTIONS_MAX = 200;

/** How many pages are read until there is an event. Each looks at 10,000 events of the log, which may all be of other types. */
const PAGES_MAX = 12;

/** A page of the events that are meant, the newest last. */
export async function askEvents(
  search: EventSearch,
  until: string | undefined,
  signal: AbortSignal,
): Promise<EventPage> {
  const isWide = search.kind === 'newest' || search.kind === 'text';
  const types = isWide
    ? ((await askJson('api/v3/topics', signal)) as readonly { readonly type: string }[])
    : [];
  const query = searchQuery(search, [...new Set(types.map(({ type }) => type))], EVENTS_PER_PAGE);
  if (until !== undefined) query.set('until', until);
  for (let count = 1; ; count++) {
    const page = (await askJson(`api/v3/events?${query.toString()}`, signal)) as EventPage;
    if (search.kind === 'id') return { events: page.events.filter(({ id }) => id === search.id) };
    if (page.events.length > 0 || page.earlier === undefined || count === PAGES_MAX) return page;
    query.set('until', page.earlier);
  }
}

/** An event of the log, or `null` if the log does not have it. */
export async function askEvent(id: string, signal: AbortSignal): Promise<LoggedEvent | null> {
  const { events } = await askEvents({ kind: 'id', id }, undefined, signal);
  return events[0] ?? null;
}

export async function askFor(written: string, signal: AbortSignal): Promise<readonly Connection[]> {
  return (await askList(connectionQuery(written, CONNECTIONS_MAX), signal)).connections;
}

export function askList(query: URLSearchParams, signal: AbortSignal): ReturnType<typeof askConnections> {
  return askConnections((path, init) => session.request(path, init), query.toString(), signal);
}

export async function askWhy(event: string, connection: string, signal: AbortSignal): Promise<Explanation> {
  return (await askJson(
    `api/v3/explain?${new URLSearchParams({ event, connection }).toString()}`,
    signal,
  )) as Explanation;
}

/** Who would hear an event of the log, or a topic. */
export async function askWho(
  of: { readonly event: string } | { readonly topic: string },
  signal: AbortSignal,
): Promise<WhoHears> {
  const query = new URLSearchParams({ ...of, limit: String(HEARERS_MAX) });
  return (await askJson(`api/v3/explain?${query.toString()}`, signal)) as WhoHears;
}

async function askJson(path: string, signal: AbortSignal): Promise<unknown> {
  return (await session.request(path, { signal })).json();
}
