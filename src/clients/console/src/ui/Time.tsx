import type { ReactElement } from 'react';
import { clockText } from './clock.ts';

/** A time in the zone of the viewer. The exact one, as it came, is shown on hover. */
export function Time({
  at,
  className = '',
}: {
  readonly at: string;
  readonly className?: string;
}): ReactElement {
  return (
    <time dateTime={at} title={at} className={`font-mono whitespace-nowrap tabular-nums ${className}`}>
      {clockText(at)}
    </time>
  );
}
