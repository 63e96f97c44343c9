import { memo, type ReactElement } from 'react';
import { clockText } from '../ui/clock.ts';
import { visibleText } from '../ui/visible-text.ts';
import { summaryOf, type Summary } from './event-summary.ts';
import type { EventRow } from './rows.ts';
import { bytesText } from '../ui/numbers.ts';

export interface EventRowProps {
  readonly row: EventRow;
  readonly position: number;
  readonly isSelected: boolean;
  readonly isNarrow: boolean;
}

/** The widths of the columns, which the header shares. */
const COLUMNS = {
  time: 'w-[8.5rem] shrink-0',
  type: 'w-28 shrink-0',
  action: 'w-24 shrink-0',
  key: 'w-56 shrink-0 2xl:w-80',
  object: 'min-w-0 flex-1',
  size: 'w-20 shrink-0 text-right',
} as const;

/** The names of the columns. They stand above the list, and do not scroll. */
export function ColumnNames(): ReactElement {
  return (
    <div
      aria-hidden
      className="flex h-6 shrink-0 items-center gap-3 overflow-hidden border-b border-line px-3 text-xs text-muted [scrollbar-gutter:stable]"
    >
      {Object.entries(COLUMNS).map(([name, width]) => (
        <span key={name} className={width}>
          {name}
        </span>
      ))}
    </div>
  );
}

const ROW =
  'flex cursor-pointer border-b border-line/50 px-3 font-mono text-xs [contain:strict] hover:bg-raised aria-selected:bg-tint';
/** A longer name stays readable in its title and in the inspector. */
const NAME_MAX = 200;

/**
 * One event in the list. Clicks on its values and titles of them are matters of the list, by `data-field`: a thousand rows a second
 * should have as few attributes as they can.
 */
export const EventRowView = memo(function EventRowView({
  row,
  position,
  isSelected,
  isNarrow,
}: EventRowProps): ReactElement {
  const summary = summaryOf(row);
  const common = {
    id: `event-${position}`,
    role: 'row',
    'aria-selected': isSelected,
    'data-at': position,
  } as const;
  if (isNarrow)
    return (
      <div {...common} className={`${ROW} h-[46px] flex-col justify-center gap-0.5`}>
        <span role="gridcell" className="flex min-w-0 gap-2">
          <When at={summary.time} />
          <span className="min-w-0 truncate">
            <Name summary={summary} field="type" className="font-semibold" />.
            <Name summary={summary} field="action" />.
            <Name summary={summary} field="key" />
          </span>
        </span>
        <span role="gridcell" className="truncate text-muted">
          {summary.preview}
        </span>
      </div>
    );
  return (
    <div {...common} className={`${ROW} h-7 items-center gap-3`}>
      <span role="gridcell" className={COLUMNS.time}>
        <When at={summary.time} />
      </span>
      <span role="gridcell" className={`${COLUMNS.type} truncate`}>
        <Name summary={summary} field="type" className="font-semibold" />
      </span>
      <span role="gridcell" className={`${COLUMNS.action} truncate`}>
        <Name summary={summary} field="action" />
      </span>
      <span role="gridcell" className={`${COLUMNS.key} truncate`}>
        <Name summary={summary} field="key" />
      </span>
      <span role="gridcell" className={`${COLUMNS.object} truncate text-muted`}>
        {summary.preview}
      </span>
      <span role="gridcell" className={`${COLUMNS.size} whitespace-nowrap text-muted tabular-nums`}>
        {bytesText(summary.bytes)}
      </span>
    </div>
  );
});

function When({ at }: { readonly at: string }): ReactElement {
  return (
    <time data-field="time" className="whitespace-nowrap text-muted tabular-nums">
      {clockText(at)}
    </time>
  );
}

function Name({
  summary,
  field,
  className = '',
}: {
  readonly summary: Summary;
  readonly field: 'type' | 'action' | 'key';
  readonly className?: string;
}): ReactElement {
  return (
    <span data-field={field} className={`hover:text-accent hover:underline ${className}`}>
      {visibleText(summary[field], NAME_MAX)}
    </span>
  );
}
