import { useEffect, useRef, useState, type ReactElement } from 'react';
import { clockText } from '../ui/clock.ts';
import { drawnChart, type DrawnChart } from './drawn-chart.ts';
import type { History, Series } from './history.ts';

export interface ChartProps {
  readonly title: string;
  readonly history: History;
  /** When the last sample was added. The chart is drawn anew when this changes. */
  readonly at: number | undefined;
  /** The line, and a second one that is paler. */
  readonly series: readonly [Series] | readonly [Series, Series];
  /** What the lines are called, where there are two. */
  readonly names?: readonly [string, string];
  readonly text: (value: number) => string;
}

/** A line over time with the last value in large digits. Hovering tells the value of a moment. */
export function Chart({ title, history, at, series, names, text }: ChartProps): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnChart>(undefined);
  const [hovered, setHovered] = useState<number | null>(null);
  const [main, second] = series;

  useEffect(() => {
    if (box.current === null) return undefined;
    // What is shown of a history stays the same while the chart is there.
    drawn.current = drawnChart(box.current, { history, series, onHover: setHovered });
    return () => drawn.current?.remove();
    // oxlint-disable-next-line exhaustive-deps
  }, [history]);
  useEffect(() => drawn.current?.update(), [at]);

  const values = history.values(main);
  const index = hovered ?? values.length - 1;
  const value = values[index] ?? undefined;
  const other = second === undefined ? undefined : (history.values(second)[index] ?? undefined);
  const known = values.filter((each) => each !== null);
  const summary =
    known.length === 0
      ? 'not known yet'
      : `now ${text(known.at(-1) ?? 0)}, between ${text(Math.min(...known))} and ${text(Math.max(...known))} since ${clockOf(history.times[0])}`;
  return (
    <figure
      className="flex min-w-0 flex-col rounded-lg border border-line bg-panel"
      aria-label={`${title}: ${summary}`}
    >
      <figcaption className="flex h-14 items-start justify-between gap-2 px-3 pt-2">
        <div className="min-w-0">
          <p className="truncate text-xs text-muted">{title}</p>
          <p className="truncate text-xl leading-7 font-semibold tabular-nums">
            {value === undefined ? '–' : text(value)}
          </p>
        </div>
        <p className="shrink-0 text-right text-xs text-muted tabular-nums">
          {hovered === null ? '' : clockOf(history.times[index])}
          {other !== undefined && (
            <>
              <br />
              {names?.[1]} {text(other)}
            </>
          )}
        </p>
      </figcaption>
      <div ref={box} aria-hidden className="h-[110px] w-full overflow-hidden text-accent" />
    </figure>
  );
}

function clockOf(at: number | undefined): string {
  return at === undefined ? '' : clockText(new Date(at).toISOString()).replace(/\.\d+$/, '');
}
