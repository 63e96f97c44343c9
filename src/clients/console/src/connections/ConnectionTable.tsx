import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useEffect, useRef, type ReactElement } from 'react';
import { useIsNarrow } from '../ui/use-is-narrow.ts';
import { GRID, TABLE } from './columns.tsx';
import { ConnectionRow } from './ConnectionRow.tsx';
import type { Connection } from './connection.ts';
import type { Row } from './held-rows.ts';
import type { ColumnName, Sorting } from './sorting.ts';
import { useDeliveries } from './use-deliveries.ts';

const HEIGHT = 34;
const NARROW_HEIGHT = 54;
const OVERSCAN = 8;

export interface ConnectionTableProps {
  readonly rows: readonly Row[];
  readonly sorting: Sorting;
  readonly current: string | undefined;
  readonly onSort: (column: ColumnName) => void;
  readonly onOpen: (id: string) => void;
  /** Takes the newest records of the connections that can be seen. */
  readonly onRecords: (asked: readonly string[], records: readonly Connection[]) => void;
  /** What the rows are filtered by. Another filter or order begins at the top. */
  readonly filter: string;
  /** Tells whether somebody is reading: the pointer is over the rows, or they are scrolled. */
  readonly onReading: (isReading: boolean) => void;
}

/** The connections as a table, of which only what can be seen is drawn. */
export function ConnectionTable(props: ConnectionTableProps): ReactElement {
  const { rows, current, filter, sorting, onOpen, onRecords, onReading } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isPointed = useRef(false);
  const isNarrow = useIsNarrow();
  const height = isNarrow ? NARROW_HEIGHT : HEIGHT;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: OVERSCAN,
    // The heads lie over the first line.
    scrollPaddingStart: isNarrow ? 0 : HEIGHT,
  });
  const items = virtualizer.getVirtualItems();
  const now = Date.now();

  useEffect(() => virtualizer.measure(), [virtualizer, height]);
  useDeliveries(
    items.flatMap(({ index }) => rows[index]?.connection.Id ?? []),
    onRecords,
  );
  useEffect(() => {
    scroller.current?.scrollTo(0, 0);
  }, [filter, sorting.column, sorting.isDescending]);
  const index = current === undefined ? -1 : rows.findIndex(({ connection }) => connection.Id === current);
  useEffect(() => {
    if (index >= 0) virtualizer.scrollToIndex(index);
    // The row is brought into view when another one becomes the current one, and not when rows move.
  }, [current, virtualizer]);

  // Nobody reads a table that is not there.
  useEffect(() => () => onReading(false), [onReading]);
  const tellReading = (): void => onReading(isPointed.current || (scroller.current?.scrollTop ?? 0) > 0);
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Connections"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto overscroll-contain focus-visible:outline-offset-[-2px]"
      onScroll={tellReading}
      onPointerMove={({ pointerType }) => {
        if (pointerType !== 'mouse' || isPointed.current) return;
        isPointed.current = true;
        tellReading();
      }}
      onPointerLeave={() => {
        isPointed.current = false;
        tellReading();
      }}
    >
      <div className={isNarrow ? '' : 'min-w-[92rem]'}>
        {!isNarrow && <Heads {...props} />}
        <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index: at, start }) => {
            const row = rows[at];
            return (
              row !== undefined && (
                <ConnectionRow
                  key={row.connection.Id}
                  row={row}
                  index={at}
                  top={start}
                  height={height}
                  isCurrent={row.connection.Id === current}
                  isNarrow={isNarrow}
                  now={row.connection.Deliveries?.LaggingSince == null ? 0 : now}
                  onOpen={onOpen}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Heads({ sorting, onSort }: ConnectionTableProps): ReactElement {
  return (
    <div role="rowgroup" className="sticky top-0 z-10">
      <div
        role="row"
        aria-rowindex={1}
        className="grid items-center border-b border-line bg-raised px-2"
        style={{ gridTemplateColumns: GRID, height: HEIGHT }}
      >
        {TABLE.map(({ name, title, says, isNumber }, column) => {
          const isSorted = sorting.column === name;
          const Arrow = sorting.isDescending ? ArrowDown : ArrowUp;
          const order = sorting.isDescending ? 'descending' : 'ascending';
          return (
            <div
              key={name}
              role="columnheader"
              aria-colindex={column + 1}
              aria-sort={isSorted ? order : 'none'}
              className={`flex min-w-0 ${isNumber === true ? 'justify-end' : ''}`}
            >
              <button
                type="button"
                title={says}
                className={`flex min-w-0 items-center gap-1 rounded px-2 py-1 text-xs hover:bg-panel ${isSorted ? 'text-text' : 'text-muted'}`}
                onClick={() => onSort(name)}
              >
                <span className="truncate">{title}</span>
                {isSorted && <Arrow aria-hidden className="size-3 shrink-0" />}
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}
