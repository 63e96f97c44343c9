import { useHub } from '@belfry/client/react';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactElement,
} from 'react';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { clockText } from '../ui/clock.ts';
import { useIsLookedAt } from '../ui/use-is-looked-at.ts';
import { visibleText } from '../ui/visible-text.ts';
import { RunLog } from './run-log.ts';
import type { KnownRun } from './runs-store.ts';

const LINE_PX = 20;
/** As much of a line is shown. All of it is copied. */
const SHOWN_MAX = 5_000;
const TONES = { line: '', change: 'text-accent', error: 'text-bad', gap: 'text-warn' } as const;

/** The log of a run. It stays at its end while one looks at the end. */
export function LogPane({ run }: { readonly run: KnownRun }): ReactElement {
  const hub = useHub();
  const isLookedAt = useIsLookedAt();
  // What the list says of the run changes, and its log goes on.
  const log = useMemo(() => new RunLog(hub, run), [hub, run.key]);
  useEffect(() => {
    if (!isLookedAt) return undefined;
    const leave = new AbortController();
    void log.follow(leave.signal);
    return () => leave.abort();
  }, [log, isLookedAt]);
  const { lines, leftOut, error } = useSyncExternalStore(
    useCallback((tell: () => void) => log.onChange(tell), [log]),
    () => log.snapshot,
  );
  const scroller = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  useLayoutEffect(() => {
    if (isAtEnd && lines.length > 0) rows.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [isAtEnd, lines, rows]);

  return (
    <section aria-label="Log" className="flex min-h-48 flex-1 flex-col border-t border-line">
      <div className="flex h-10 shrink-0 items-center gap-2 px-4">
        <h3 className="flex-1 font-medium">Log</h3>
        <span className="text-xs text-muted">
          {leftOut > 0 && `${leftOut} older lines are not shown · `}
          {lines.length === 1 ? '1 line' : `${lines.length} lines`}
        </span>
        <CopyButton text={lines.map(({ at, text }) => `${at} ${text}`).join('\n')} label="Copy the log" />
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      {lines.length === 0 && error === undefined && (
        <Empty title="No line has come yet">
          Lines come from events of this run, such as deployment.log of Mist.
        </Empty>
      )}
      <div
        ref={scroller}
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto font-mono text-xs"
        onScroll={({ currentTarget: at }) =>
          setAtEnd(at.scrollHeight - at.scrollTop - at.clientHeight < 2 * LINE_PX)
        }
      >
        <div className="relative min-w-max" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ key, index, start }) => {
            const line = lines[index];
            if (line === undefined) return null;
            return (
              <div
                key={key}
                className={`absolute top-0 left-0 flex gap-3 px-4 whitespace-pre ${TONES[line.kind]}`}
                style={{ height: LINE_PX, lineHeight: `${LINE_PX}px`, transform: `translateY(${start}px)` }}
              >
                <span className="text-muted" title={line.at}>
                  {clockText(line.at)}
                </span>
                <bdi>{shownText(line.text)}</bdi>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

/** A line of one height, whatever stands in it. */
function shownText(text: string): string {
  return visibleText(text.trimEnd().replaceAll('\t', '    '), SHOWN_MAX);
}
