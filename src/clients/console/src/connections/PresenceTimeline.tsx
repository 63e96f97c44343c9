import type { ReactElement } from 'react';
import { plural } from '../ui/numbers.ts';
import { clockText } from '../ui/clock.ts';
import { useNow } from '../ui/use-now.ts';
import { dialectOf } from './connection.ts';
import { placeOf, ticksOf, type ConnectionSpan, type PresenceSpan } from './presence-history.ts';

/** How many connections have a line of their own. */
const LANES = 6;
const HOURS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

const STATES = {
  online: { class: 'bg-good', text: 'online' },
  offline: { class: 'bg-raised', text: 'offline' },
  unknown: { class: 'border border-dashed border-line', text: 'not known, since the log does not tell' },
} as const;

export interface PresenceTimelineProps {
  readonly begin: number;
  readonly presence: readonly PresenceSpan[];
  readonly connections: readonly ConnectionSpan[];
  readonly current: string;
  readonly isKnown: boolean;
}

/** The presence of a principal over the last hours, and below it each of its connections. It keeps its height. */
export function PresenceTimeline({
  begin,
  presence,
  connections,
  current,
  isKnown,
}: PresenceTimelineProps): ReactElement {
  const end = useNow();
  const inWindow = connections.filter((span) => placeOf(span, begin, end) !== undefined);
  // The newest have a line of their own.
  const lanes = inWindow.slice(-LANES);
  const label = `${plural(inWindow.length, 'connection')} since ${HOURS.format(begin)}`;
  return (
    <div className="flex flex-col gap-1" role="img" aria-busy={!isKnown} aria-label={label}>
      <div className="relative h-4">
        {presence.map((span) => (
          <Bar
            key={`${span.from}`}
            place={placeOf(span, begin, end)}
            className={STATES[span.state].class}
            title={`${STATES[span.state].text}: ${rangeText(span.from, span.to)}`}
          />
        ))}
      </div>
      <div className="flex h-[3.75rem] flex-col gap-1">
        {lanes.map((span) => (
          <div key={span.connection.Id} className="relative h-1.5">
            <Bar
              place={placeOf(span, begin, end)}
              className={span.connection.Id === current ? 'bg-accent' : 'bg-muted opacity-60'}
              title={`${span.connection.RemoteAddr}, ${dialectOf(span.connection)} on ${span.connection.Node}: ${rangeText(span.from, span.to)}`}
            />
          </div>
        ))}
      </div>
      <div className="relative h-4 border-t border-line text-[11px] text-muted">
        {ticksOf(begin, end, 6).map((at) => (
          <span
            key={at}
            className="absolute -translate-x-1/2 tabular-nums"
            style={{ left: `${((at - begin) / (end - begin)) * 100}%` }}
          >
            {HOURS.format(at)}
          </span>
        ))}
      </div>
    </div>
  );
}

function Bar({
  place,
  className,
  title,
}: {
  readonly place: ReturnType<typeof placeOf>;
  readonly className: string;
  readonly title: string;
}): ReactElement | null {
  if (place === undefined) return null;
  return (
    <div
      title={title}
      className={`absolute inset-y-0 min-w-0.5 rounded-sm ${className}`}
      style={{ left: `${place.left * 100}%`, width: `${place.width * 100}%` }}
    />
  );
}

function rangeText(from: number, to: number | undefined): string {
  const begin = clockText(new Date(from).toISOString());
  return to === undefined ? `since ${begin}` : `${begin} to ${clockText(new Date(to).toISOString())}`;
}
