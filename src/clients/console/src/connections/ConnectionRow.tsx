import { memo, type ReactElement } from 'react';
import { Badge } from '../ui/Badge.tsx';
import { Time } from '../ui/Time.tsx';
import { GRID, PrincipalName, TABLE, Text } from './columns.tsx';
import { dialectOf } from './connection.ts';
import type { Row } from './held-rows.ts';

export interface ConnectionRowProps {
  readonly row: Row;
  /** Its number, from 0. */
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly isCurrent: boolean;
  readonly isNarrow: boolean;
  /** The time in milliseconds, for durations. */
  readonly now: number;
  readonly onOpen: (id: string) => void;
}

/** One line of the table. The line of a connection that ended keeps its place, and says so. */
export const ConnectionRow = memo(function ConnectionRow(props: ConnectionRowProps): ReactElement {
  const { row, index, top, height, isCurrent, isNarrow, onOpen } = props;
  const { connection, state } = row;
  const isGone = state === 'gone';
  return (
    // The keys of the screen do the same: j, k and Enter.
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isCurrent}
      data-state={state}
      className={`absolute inset-x-0 cursor-pointer border-b border-line bg-panel hover:bg-raised aria-selected:bg-tint ${isGone ? 'text-muted' : ''} ${state === 'new' ? 'shadow-[inset_3px_0_0_var(--color-accent)]' : ''} ${isNarrow ? 'flex flex-col justify-center gap-0.5 px-4' : 'grid items-center px-2'}`}
      style={{ top, height, gridTemplateColumns: isNarrow ? undefined : GRID }}
      onClick={() => onOpen(connection.Id)}
    >
      {isNarrow ? <NarrowCells {...props} /> : <WideCells {...props} />}
    </div>
  );
});

function WideCells({ row: { connection, state }, now }: ConnectionRowProps): ReactElement {
  return (
    <>
      {TABLE.map(({ name, isNumber, cell }, column) => (
        <div
          key={name}
          role="gridcell"
          aria-colindex={column + 1}
          className={`flex min-w-0 items-center gap-2 px-2 ${isNumber === true ? 'justify-end' : ''}`}
        >
          {name === 'patterns' && state === 'gone' ? (
            <Ended reason={connection.Reason} />
          ) : (
            cell(connection, now)
          )}
          {name === 'principal' && state === 'new' && <span className="sr-only">new</span>}
        </div>
      ))}
    </>
  );
}

function NarrowCells({ row: { connection, state } }: ConnectionRowProps): ReactElement {
  const { RemoteAddr, Node, CreateTime, Patterns, Reason, Deliveries } = connection;
  return (
    <>
      <div role="gridcell" className="flex min-w-0 items-center gap-2">
        <span className="min-w-0 flex-1">
          <PrincipalName connection={connection} />
        </span>
        {state === 'new' && <span className="sr-only">new</span>}
        {Deliveries?.LaggingSince != null && <Badge tone="warn">slow</Badge>}
        <Time at={CreateTime} className="text-xs text-muted" />
      </div>
      <div role="gridcell" className="flex min-w-0 gap-2 text-xs text-muted">
        {state === 'gone' ? (
          <Ended reason={Reason} />
        ) : (
          <Text text={[dialectOf(connection), Node, RemoteAddr, ...Patterns].join(' · ')} />
        )}
      </div>
    </>
  );
}

function Ended({ reason }: { readonly reason: string | undefined }): ReactElement {
  return (
    <span className="flex min-w-0 items-center gap-1.5" title={reason}>
      <Badge>ended</Badge>
      <span className="truncate">{reason}</span>
    </span>
  );
}
