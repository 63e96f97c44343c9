import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { session } from '../session/session.ts';
import { useSettled } from '../ui/use-settled.ts';
import type { Connection, Kinds } from './connection.ts';
import type { ConnectionList } from './connection-list.ts';
import { askConnections, LIST_MAX } from './connections-store.ts';
import { filterQuery } from './filter-query.ts';
import { DELIVERY_COLUMNS, writeSorting, type Sorting } from './sorting.ts';

const EVERY_MS = 5_000;
/** How many connections are asked for at once, since all their ids stand in one address. */
const IDS_MAX = 150;

type Refresh = (asked: readonly string[], records: readonly Connection[]) => void;

/**
 * Asks what became of the deliveries to these connections, every few seconds, and hands over their newest records. What is not on
 * the page, and a page that nobody looks at, costs nothing.
 */
export function useDeliveries(ids: readonly string[], refresh: Refresh): void {
  const still = useSettled(ids.slice(0, IDS_MAX).join());
  const { data } = useQuery({
    queryKey: ['connections', 'deliveries', still],
    queryFn: async ({ signal }) => {
      const asked = still.split(',');
      const query = new URLSearchParams({
        Id: `In(${still})`,
        Principal: 'Ne()',
        limit: `${asked.length}`,
        detail: 'deliveries',
      });
      return { asked, records: (await ask(query, signal)).connections };
    },
    enabled: still !== '',
    refetchInterval: EVERY_MS,
    gcTime: 0,
  });
  useEffect(() => {
    if (data !== undefined) refresh(data.asked, data.records);
  }, [data, refresh]);
}

/**
 * Where the rows are sorted by deliveries, all connections are asked for once: when that order is chosen. Returns the time of the
 * answer, or 0, once the list has what it says.
 */
export function useAllDeliveries(
  sorting: Sorting,
  kinds: Kinds,
  list: ConnectionList | undefined,
  refresh: Refresh,
): number {
  const { anonymous, rest } = kinds;
  const [toldAt, tell] = useState(0);
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['connections', 'all deliveries', anonymous, rest, writeSorting(sorting)],
    queryFn: async ({ signal }) => {
      const { parameters } = filterQuery([], { anonymous, rest });
      parameters.set('detail', 'deliveries');
      parameters.set('limit', String(LIST_MAX));
      return (await ask(parameters, signal)).connections;
    },
    enabled: list !== undefined && DELIVERY_COLUMNS.has(sorting.column),
    staleTime: Infinity,
    gcTime: 0,
  });
  useEffect(() => {
    if (data === undefined) return;
    refresh([], data);
    // Rows that are arranged before the list has the figures would stand in another order.
    tell(dataUpdatedAt);
  }, [data, dataUpdatedAt, refresh, list]);
  return toldAt;
}

function ask(query: URLSearchParams, signal: AbortSignal): ReturnType<typeof askConnections> {
  return askConnections((path, init) => session.request(path, init), query.toString(), signal);
}
