import { useEffect, useImperativeHandle, type MouseEvent, type ReactElement, type Ref } from 'react';
import { visibleText } from '../ui/visible-text.ts';
import { summaryOf } from './event-summary.ts';
import { ColumnNames, EventRowView } from './EventRowView.tsx';
import type { LiveStore } from './live-store.ts';
import type { LiveView } from './live-view.ts';
import { OtherRowView } from './OtherRowView.tsx';
import { PastRow } from './PastRow.tsx';
import type { EventRow } from './rows.ts';
import { useRowWindow } from './use-row-window.ts';

const TITLE_MAX = 1_000;

export type RowField = 'type' | 'action' | 'key';

export interface EventListHandle {
  readonly reveal: (position: number) => void;
  readonly focus: () => void;
}

export interface EventListProps {
  readonly store: LiveStore;
  readonly view: LiveView;
  readonly selected: number | undefined;
  readonly onOpen: (row: EventRow, position: number) => void;
  readonly onValue: (row: EventRow, field: RowField, anchor: HTMLElement) => void;
  readonly handle: Ref<EventListHandle>;
}

/** The rows on the screen, of all that are held. The newest is at the bottom, so that what is read does not move. */
export function EventList({ store, view, selected, onOpen, onValue, handle }: EventListProps): ReactElement {
  const { scroller, rowPx, isNarrow, from, to, onScroll, reveal } = useRowWindow(store, view);
  const { origin, end } = view;
  // Rows of another height move what is selected off the screen.
  useEffect(() => {
    if (selected !== undefined) reveal(selected);
  }, [rowPx]);
  useImperativeHandle(handle, () => ({ reveal, focus: () => scroller.current?.focus() }));

  const onClick = ({ target }: MouseEvent): void => {
    if (!(target instanceof HTMLElement)) return;
    const position = Number(target.closest<HTMLElement>('[data-at]')?.dataset['at']);
    const row = Number.isNaN(position) ? undefined : store.at(position);
    if (row?.kind !== 'event') return;
    const field = target.dataset['field'] as RowField | 'time' | undefined;
    if (field === undefined || field === 'time') onOpen(row, position);
    else onValue(row, field, target);
  };

  /** The whole value, or the exact time, is the title of what the pointer is on. */
  const onMouseOver = ({ target }: MouseEvent): void => {
    if (!(target instanceof HTMLElement)) return;
    const field = target.dataset['field'] as RowField | 'time' | undefined;
    const row = store.at(Number(target.closest<HTMLElement>('[data-at]')?.dataset['at']));
    if (field !== undefined && row?.kind === 'event')
      target.title = visibleText(summaryOf(row)[field], TITLE_MAX);
  };

  // A place on the screen keeps its elements and gets other texts, which costs less than other elements.
  const rows: ReactElement[] = [];
  for (let position = from; position < to; position++) {
    const row = store.at(position);
    if (row === undefined) continue;
    rows.push(
      row.kind === 'event' ? (
        <EventRowView
          key={rows.length}
          row={row}
          position={position}
          isSelected={position === selected}
          isNarrow={isNarrow}
        />
      ) : (
        <OtherRowView key={rows.length} row={row} rowPx={rowPx} />
      ),
    );
  }
  return (
    <>
      {!isNarrow && <ColumnNames />}
      <div
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label="Events"
        aria-rowcount={end - origin}
        aria-activedescendant={selected === undefined ? undefined : `event-${selected}`}
        className="min-h-0 flex-1 overflow-y-scroll [contain:strict] [overflow-anchor:none] focus-visible:-outline-offset-2"
        onScroll={onScroll}
        onClick={onClick}
        onMouseOver={onMouseOver}
      >
        <div role="rowgroup" className="relative" style={{ height: (end - origin + 1) * rowPx }}>
          {from === origin && (
            <PastRow
              view={view}
              rowPx={rowPx}
              onRetry={() => store.retry()}
              onOpen={() => store.openPast()}
            />
          )}
          <div className="absolute inset-x-0" style={{ top: (from - origin + 1) * rowPx }}>
            {rows}
          </div>
        </div>
      </div>
    </>
  );
}
