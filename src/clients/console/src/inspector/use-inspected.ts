import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { isCursor } from '../../../../model/cursor.ts';
import type { EventRow } from '../live/rows.ts';
import { useMe } from '../session/use-session.ts';
import { readEvent } from './neighbours.ts';

const PATH = '/live/event/';

export interface Inspected {
  /** Whether an event is asked for. */
  readonly isOpen: boolean;
  /** Absent while it is read, or if it cannot be. */
  readonly row: EventRow | undefined;
  readonly error: Error | undefined;
  readonly open: (row: EventRow) => void;
  readonly close: () => void;
}

/** The event that is looked at. The link names it by its id, so one that is live only has no link. */
export function useInspected(): Inspected {
  const me = useMe();
  const [location, navigate] = useLocation();
  const search = useSearch();
  const [opened, setOpened] = useState<EventRow>();
  const id = location.startsWith(PATH) ? location.slice(PATH.length) : undefined;
  const isKnown = opened !== undefined && opened.id === id;
  const { data, error, isLoading } = useQuery({
    queryKey: ['event', id],
    queryFn: async ({ signal }) =>
      (id !== undefined && isCursor(id) ? await readEvent(id, me, signal) : undefined) ?? null,
    enabled: id !== undefined && !isKnown,
    staleTime: Infinity,
  });
  const query = search === '' ? '' : `?${search}`;
  const isMissing = id !== undefined && !isKnown && !isLoading && error === null && data === null;
  return {
    isOpen: id !== undefined || isKnown,
    row: isKnown ? opened : id === undefined ? undefined : (data ?? undefined),
    error: isMissing ? new Error(missing(id)) : (error ?? undefined),
    open: (row) => {
      setOpened(row);
      // From one event to the next, one step back leads out of the inspector.
      navigate(`${row.id === undefined ? '/live' : `${PATH}${row.id}`}${query}`, {
        replace: id !== undefined,
      });
    },
    close: () => {
      setOpened(undefined);
      if (id !== undefined) navigate(`/live${query}`);
    },
  };
}

function missing(id: string): string {
  if (!isCursor(id))
    return `"${id.slice(0, 50)}" is no id of an event. Expected one such as 1700000000000-0.`;
  return `The log has no event ${id} any more, or you may not hear it.`;
}
