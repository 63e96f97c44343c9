import type { HubEvent } from '@belfry/client';
import { exactPattern } from '../../../../model/exact-pattern.ts';
import type { Request } from './connections-store.ts';

/** How many pages are read at most. Each looks at 10,000 events of the log. */
const PAGES_MAX = 12;

export interface History {
  /** Oldest first. */
  readonly events: readonly HubEvent[];
  /** From when on nothing is missing, in milliseconds since 1970. */
  readonly from: number;
  /** The position after which later events come. */
  readonly cursor: string;
}

interface Page {
  readonly events: readonly HubEvent[];
  readonly cursor: string;
  readonly earlier?: string;
}

/** The patterns of what is told of a principal. */
export function patternsOf(principal: string): readonly string[] {
  return [exactPattern('presence', undefined, principal), exactPattern('connections', undefined, principal)];
}

/** What the log tells of a principal since a time, read from the newest backwards. */
export async function readHistory(
  request: Request,
  principal: string,
  from: number,
  signal?: AbortSignal,
): Promise<History> {
  const pages: (readonly HubEvent[])[] = [];
  let [cursor, until]: [string | undefined, string | undefined] = [undefined, undefined];
  for (let count = 0; count < PAGES_MAX; count++) {
    const query = new URLSearchParams({ limit: '1000' });
    for (const pattern of patternsOf(principal)) query.append('pattern', pattern);
    if (until !== undefined) query.set('until', until);
    const path = `api/v3/events?${query.toString()}`;
    const page = (await (await request(path, signal === undefined ? {} : { signal })).json()) as Page;
    cursor ??= page.cursor;
    pages.unshift(page.events);
    until = page.earlier;
    if (until === undefined || Number.parseInt(until, 10) < from) return done(pages, cursor, from);
  }
  return done(pages, cursor ?? '', Number.parseInt(until ?? '0', 10));
}

function done(pages: readonly (readonly HubEvent[])[], cursor: string, from: number): History {
  return { events: pages.flat().filter(({ time }) => Date.parse(time) >= from), from, cursor };
}
