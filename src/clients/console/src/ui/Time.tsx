import type { ReactElement } from 'react';

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

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

/** The time of the day, with the day before it if that is not today. What is no time stays as it is. */
export function clockText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const clock = CLOCK.format(date);
  return date.toDateString() === new Date().toDateString() ? clock : `${DAY.format(date)} ${clock}`;
}
