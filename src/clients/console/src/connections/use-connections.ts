import { useHub } from '@belfry/client/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { session } from '../session/session.ts';
import { useIsLookedAt } from '../ui/use-is-looked-at.ts';
import type { Connection, Kinds } from './connection.ts';
import { ConnectionsStore, LIST_MAX, type Shown } from './connections-store.ts';
import type { Term } from './filter.ts';
import { filterQuery, sortParameters } from './filter-query.ts';
import { NEWEST_FIRST, type Sorting } from './sorting.ts';

export interface ConnectionsShown extends Partial<Shown> {
  /** The hub has more connections than the page holds, so it filters and sorts. */
  readonly isPartial: boolean;
  readonly refresh: (asked: readonly string[], records: readonly Connection[]) => void;
}

/** Who is connected, live, for as long as the page is looked at. */
export function useConnections(kinds: Kinds, terms: readonly Term[], sorting: Sorting): ConnectionsShown {
  const hub = useHub();
  const [shown, show] = useState<Shown>();
  const [isPartial, setPartial] = useState(false);
  const store = useRef<ConnectionsStore>(undefined);
  const isLookedAt = useIsLookedAt();
  const all = queryOf([], kinds, NEWEST_FIRST);
  const query = isPartial ? queryOf(terms, kinds, sorting) : all;
  useEffect(() => {
    if (!isLookedAt) return undefined;
    const own = new ConnectionsStore(
      hub,
      (path, init) => session.request(path, init),
      { kinds, query },
      (next) => {
        // What stood there before stays until there is an answer.
        if (next.progress.status === 'loading' && next.progress.error === undefined) return;
        show(next);
        if (query === all) setPartial(next.progress.answer?.hasMore ?? false);
      },
    );
    store.current = own;
    return () => own.stop();
  }, [hub, query, isLookedAt, kinds.anonymous, kinds.rest]);
  const refresh = useCallback<ConnectionsShown['refresh']>(
    (asked, records) => store.current?.refresh(asked, records),
    [],
  );
  return useMemo(() => ({ ...shown, isPartial, refresh }), [shown, isPartial, refresh]);
}

function queryOf(terms: readonly Term[], kinds: Kinds, sorting: Sorting): string {
  const { parameters } = filterQuery(terms, kinds);
  sortParameters(parameters, sorting).append('limit', String(LIST_MAX));
  return parameters.toString();
}
