import { useEffect, useState, type ReactElement } from 'react';
import type { RateMeter } from './rate-meter.ts';
import { countText } from '../ui/numbers.ts';

const UPDATE_MS = 1_000;
const HEIGHT = 24;

/** Events a second over the last minutes, as a line, and now, as a number. Its size never changes. */
export function RateLine({ rate }: { readonly rate: RateMeter }): ReactElement {
  const [seconds, setSeconds] = useState<readonly number[]>([]);
  useEffect(() => {
    const update = (): void => {
      if (document.visibilityState === 'visible') setSeconds(rate.read(Date.now()));
    };
    update();
    const timer = setInterval(update, UPDATE_MS);
    document.addEventListener('visibilitychange', update);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', update);
    };
  }, [rate]);
  const now = seconds.at(-1) ?? 0;
  const most = Math.max(...seconds, 1);
  const minutes = Math.round((seconds.length + 1) / 60);
  const label = `${countText(now)} events in the last second, at most ${countText(most)} a second in the last ${minutes} minutes`;
  return (
    <div className="flex items-center gap-2 text-xs text-muted" title={label} role="img" aria-label={label}>
      <svg
        aria-hidden
        viewBox={`0 0 ${Math.max(1, seconds.length - 1)} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-6 w-28 text-accent"
      >
        <path d={areaOf(seconds, most)} fill="currentColor" opacity="0.25" />
        <path
          d={lineOf(seconds, most)}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.25"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <span className="w-16 text-right font-mono tabular-nums">{countText(now)}/s</span>
    </div>
  );
}

function lineOf(seconds: readonly number[], most: number): string {
  const y = (count: number): string => (HEIGHT - 1 - (count / most) * (HEIGHT - 2)).toFixed(1);
  return seconds.map((count, x) => `${x === 0 ? 'M' : 'L'}${x},${y(count)}`).join('');
}

function areaOf(seconds: readonly number[], most: number): string {
  if (seconds.length === 0) return '';
  return `${lineOf(seconds, most)}L${seconds.length - 1},${HEIGHT}L0,${HEIGHT}Z`;
}
