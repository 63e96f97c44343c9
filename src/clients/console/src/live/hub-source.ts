import type { Hub } from '@belfry/client';
import { valueTexts } from '../../../sdk/value-texts.ts';
import type { Cursor } from '../../../../model/cursor.ts';
import { session } from '../session/session.ts';
import type { EventSource, HistoryPage } from './event-source.ts';
import type { LiveQuery } from './live-query.ts';
import type { EventRow, GapRow } from './rows.ts';
import { splitFilters } from './value-filters.ts';

/** The events of the hub that match a query, so far as the hub itself can tell. */
export function hubSource(hub: Hub, { patterns, filters, text }: LiveQuery): EventSource {
  const { hub: hubFilters } = splitFilters(filters);
  return {
    listen: (since, signal) =>
      hub.listen(patterns, {
        signal,
        ...(hubFilters !== undefined && { filters: hubFilters }),
        ...(since !== undefined && { since }),
      }),
    page: ({ since, until, limit, signal }) => {
      const query = new URLSearchParams(patterns.map((pattern) => ['pattern', pattern] as [string, string]));
      if (hubFilters !== undefined) query.set('filters', JSON.stringify(hubFilters));
      if (text !== '') query.set('q', text);
      if (since !== undefined) query.set('since', since);
      if (until !== undefined) query.set('until', until);
      query.set('limit', `${limit}`);
      return readPage(query, signal);
    },
  };
}

/** Reads a page of `GET /api/v3/events`, whose events keep the text that they have there. @throws HubError */
export async function readPage(query: URLSearchParams, signal: AbortSignal): Promise<HistoryPage> {
  const response = await session.request(`api/v3/events?${query.toString()}`, { signal });
  const answer = await response.text();
  const { events, cursor, more, earlier, gap } = JSON.parse(answer) as {
    readonly events: readonly { readonly id?: Cursor }[];
    readonly cursor: Cursor;
    readonly more: boolean;
    readonly earlier?: Cursor;
    readonly gap?: GapRow['gap'];
  };
  const texts = valueTexts(answer);
  const rows = events.map(({ id }, i): EventRow => ({ kind: 'event', id, text: texts[i] ?? '' }));
  const gaps: readonly GapRow[] = gap === undefined ? [] : [{ kind: 'gap', gap }];
  return { rows: [...gaps, ...rows], cursor, more, earlier };
}
