import type { ReactElement } from 'react';
import { visibleText } from '../ui/visible-text.ts';
import type { Status } from '../../../runs/reports.ts';
import { StatusMark } from './StatusMark.tsx';
import { barsOf, durationText } from './timeline.ts';
import type { KnownRun } from './runs-store.ts';

const COLOURS: Readonly<Record<Status, string>> = {
  waiting: 'bg-line',
  running: 'bg-accent',
  done: 'bg-good',
  failed: 'bg-bad',
  stopped: 'bg-warn',
};

/** The steps of a run over its time, one under another. */
export function Timeline({ run, now }: { readonly run: KnownRun; readonly now: number }): ReactElement {
  const bars = barsOf(run, now);
  return (
    <ol aria-label="Steps" className="flex flex-col gap-1 px-4 max-sm:gap-3 py-3">
      {bars.map(({ step, from, to, durationMs }) => (
        <li
          key={step.name}
          className="grid grid-cols-[minmax(0,11rem)_minmax(0,1fr)_5.5rem] items-center gap-x-3 gap-y-1 max-sm:grid-cols-[minmax(0,1fr)_5.5rem]"
        >
          <span className="flex min-w-0 items-center gap-2">
            <StatusMark status={step.status} />
            <span className="truncate" title={step.message ?? step.name}>
              <bdi>{visibleText(step.name)}</bdi>
            </span>
          </span>
          <span aria-hidden className="relative h-2.5 rounded bg-raised max-sm:order-last max-sm:col-span-2">
            <span
              className={`absolute inset-y-0 rounded ${COLOURS[step.status]}`}
              style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
            />
          </span>
          <span className="text-right font-mono text-xs text-muted tabular-nums">
            {durationText(durationMs)}
          </span>
        </li>
      ))}
    </ol>
  );
}
