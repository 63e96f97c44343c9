import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { queries } from '../queries.ts';
import { lettersIn } from './letter-filter.ts';
import { PAGE, readPage } from './letters.ts';
import type { ListedLetter } from './letter.ts';

const LIST = ['dead-letters'];
/** The hub does not tell of new dead letters, so it is asked while somebody looks. */
const ASK_AGAIN_MS = 10_000;

export interface Letters {
  /** What was read so far, the oldest first. */
  readonly letters: readonly ListedLetter[] | undefined;
  /** How many there are. */
  readonly total: number;
  readonly isWhole: boolean;
  readonly error: Error | null;
  readonly isReading: boolean;
  readonly readMore: () => void;
  readonly readAgain: () => void;
}

/** The dead letters, page by page. With `readAll`, all pages are read one after another. */
export function useLetters(readAll: boolean): Letters {
  const list = useInfiniteQuery({
    queryKey: LIST,
    queryFn: ({ pageParam, signal }) => readPage(pageParam, PAGE, signal),
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next,
  });
  const { data, hasNextPage, isFetching, fetchNextPage } = list;
  const letters = useMemo(() => data && lettersIn(data.pages), [data]);
  const total = data?.pages.at(-1)?.total ?? 0;
  useProbe(total, data !== undefined);
  useEffect(() => {
    if (readAll && hasNextPage && !isFetching && list.error === null) void fetchNextPage();
  }, [readAll, hasNextPage, isFetching, fetchNextPage, list.error]);
  return {
    letters,
    total,
    isWhole: data !== undefined && !hasNextPage,
    error: list.error,
    isReading: isFetching,
    readMore: () => void (hasNextPage && !isFetching && fetchNextPage()),
    readAgain: lettersChanged,
  };
}

/** Reads the list again, after something was done to it. */
export function lettersChanged(): void {
  void queries.invalidateQueries({ queryKey: LIST });
}

/**
 * Asks for how many there are, and for the oldest one, which costs little. If one of both is another than before, the whole list is
 * read again.
 */
function useProbe(total: number, isRead: boolean): void {
  const { data } = useQuery({
    queryKey: ['dead-letters-probe'],
    queryFn: async ({ signal }) => {
      const page = await readPage(0, 1, signal);
      return `${page.total} ${page.letters[0]?.id ?? ''}`;
    },
    refetchInterval: ASK_AGAIN_MS,
    enabled: isRead,
  });
  const last = useRef<string>(undefined);
  const listed = useRef(total);
  listed.current = total;
  useEffect(() => {
    if (data === undefined) return;
    const isNew = last.current === undefined ? !data.startsWith(`${listed.current} `) : data !== last.current;
    last.current = data;
    if (isNew) lettersChanged();
  }, [data]);
}
