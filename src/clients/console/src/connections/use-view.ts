import { useCallback, useMemo } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import type { Kinds } from './connection.ts';
import { parseSorting, writeSorting, type Sorting } from './sorting.ts';

/** What is looked at. All of it stands in the address, so that it can be sent. */
export interface View {
  readonly filter: string;
  readonly kinds: Kinds;
  readonly sorting: Sorting;
  readonly setFilter: (filter: string) => void;
  readonly setKinds: (kinds: Kinds) => void;
  readonly setSorting: (sorting: Sorting) => void;
  /** Opens the details of a connection. `replace` leaves no step to go back to. */
  readonly open: (id: string, replace?: boolean) => void;
  readonly close: () => void;
}

export function useView(): View {
  const [parameters, setParameters] = useSearchParams();
  const [, navigate] = useLocation();
  const query = parameters.toString();
  const set = useCallback(
    (name: string, value: string) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === '') after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [setParameters],
  );
  const go = useCallback(
    (path: string, replace = false) => navigate(`${path}${query === '' ? '' : `?${query}`}`, { replace }),
    [navigate, query],
  );
  const open = useCallback(
    (id: string, replace?: boolean) => go(`/connections/${encodeURIComponent(id)}`, replace),
    [go],
  );
  const close = useCallback(() => go('/connections'), [go]);
  return useMemo(() => {
    const also = new Set(parameters.get('also')?.split(','));
    return {
      filter: parameters.get('q') ?? '',
      kinds: { anonymous: also.has('anonymous'), rest: also.has('rest') },
      sorting: parseSorting(parameters.get('sort')),
      setFilter: (filter) => set('q', filter),
      setKinds: (kinds) => set('also', (['anonymous', 'rest'] as const).filter((kind) => kinds[kind]).join()),
      setSorting: (sorting) => set('sort', writeSorting(sorting)),
      open,
      close,
    };
  }, [parameters, set, open, close]);
}
