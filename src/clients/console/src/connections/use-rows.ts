import { useMemo, useRef } from 'react';
import type { Connection } from './connection.ts';
import type { ConnectionList } from './connection-list.ts';
import { HeldRows, type Row, type Waiting } from './held-rows.ts';
import { writeSorting, type Sorting } from './sorting.ts';
import type { Shown } from './connections-store.ts';

export interface Rows {
  readonly rows: readonly Row[];
  readonly waiting: Waiting;
}

export interface RowsAsked {
  readonly shown: Partial<Shown>;
  readonly matches: (connection: Connection) => boolean;
  /** What the rows are filtered by, as text. */
  readonly filter: string;
  readonly sorting: Sorting;
  /** Whether the rows keep their places. */
  readonly isHeld: boolean;
  /** Another number arranges the rows anew. */
  readonly arrangement: number;
}

/** The rows of the table. While they are held, they change, but none changes its place. */
export function useRows({ shown, matches, filter, sorting, isHeld, arrangement }: RowsAsked): Rows {
  const held = useRef<HeldRows>(undefined);
  held.current ??= new HeldRows();
  const last = useRef<{ readonly key: string; readonly list: ConnectionList | undefined }>(undefined);
  return useMemo(() => {
    const { list } = shown;
    const rows = held.current ?? new HeldRows();
    if (list === undefined) return { rows: [], waiting: { came: 0, left: 0 } };
    const key = `${filter}\n${writeSorting(sorting)}\n${arrangement}`;
    const isSame = last.current?.key === key;
    if (isHeld && isSame) return { rows: rows.now(list), waiting: rows.waiting(list, matches) };
    const goesOn = last.current?.key.split('\n').slice(0, 2).join() === key.split('\n').slice(0, 2).join();
    last.current = { key, list };
    return {
      rows: rows.arrange(list, matches, sorting, { goesOn, now: Date.now() }),
      waiting: { came: 0, left: 0 },
    };
  }, [shown, matches, filter, sorting, isHeld, arrangement]);
}
