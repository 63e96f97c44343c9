import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type ReactElement } from 'react';
import { clockText } from '../ui/clock.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { KnownRun } from './runs-store.ts';
import { StatusMark } from './StatusMark.tsx';
import { durationOf, durationText } from './timeline.ts';

const ROW_PX = 56;

export interface RunListProps {
  readonly runs: readonly KnownRun[];
  readonly selected: string | undefined;
  readonly now: number;
  readonly onSelect: (run: KnownRun) => void;
}

export function RunList({ runs, selected, now, onSelect }: RunListProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => runs[index]?.key ?? index,
    overscan: 8,
  });
  const index = runs.findIndex(({ key }) => key === selected);
  useEffect(() => {
    if (index >= 0) rows.scrollToIndex(index, { align: 'auto' });
  }, [selected]);
  return (
    <div
      ref={scroller}
      className="min-h-0 flex-1 overflow-auto"
      role="listbox"
      aria-label="Runs"
      tabIndex={0}
    >
      <div className="relative" role="presentation" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index: at, start }) => {
          const run = runs[at];
          if (run === undefined) return null;
          return (
            <div
              key={key}
              role="option"
              aria-selected={run.key === selected}
              className="absolute inset-x-0 top-0 flex cursor-pointer items-center gap-3 border-b border-line px-4 hover:bg-raised aria-selected:bg-tint"
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
              onClick={() => onSelect(run)}
            >
              <StatusMark status={run.status} />
              <div className="min-w-0 flex-1">
                <p className="truncate font-medium" title={run.name}>
                  <bdi>{visibleText(run.name)}</bdi>
                </p>
                <p className="truncate text-xs text-muted" title={run.beganAt}>
                  {clockText(run.beganAt)} · {progressText(run)}
                </p>
              </div>
              <span className="font-mono text-xs text-muted tabular-nums">
                {durationText(durationOf(run, now))}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** How far a run is, as its system says it. */
function progressText({ status, percent, total, completed, steps }: KnownRun): string {
  if (total !== undefined) {
    const done = completed ?? steps.filter((step) => step.status === 'done').length;
    return `${done} of ${total} steps`;
  }
  return percent !== undefined && status === 'running' ? `${Math.round(percent)} %` : status;
}
