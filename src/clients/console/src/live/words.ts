import { cursorMs, isCursor } from '../../../../model/cursor.ts';
import type { Gap } from '../../../sdk/item.ts';
import { clockText } from '../ui/clock.ts';
import { plural } from '../ui/numbers.ts';
import type { MarkRow } from './rows.ts';

export function eventsText(count: number): string {
  return plural(count, 'event');
}

/** What happened at a gap, and what one can do. */
export function gapWords({ from, to, reason, dropped }: Gap): {
  readonly what: string;
  readonly todo: string;
} {
  const between = `between ${positionText(from, 'the beginning')} and ${positionText(to, 'now')}`;
  switch (reason) {
    case 'trimmed':
      return {
        what: `Events ${between} are missing: the log does not reach back so far any more.`,
        todo: 'They cannot be read again. A longer log keeps more: see the settings of the log.',
      };
    case 'log lost':
      return {
        what: `Events ${between} may be missing: Redis lost its log, or the latest part of it.`,
        todo: 'They cannot be read again. Whoever published them may publish them again.',
      };
    case 'unknown cursor':
      return {
        what: `Events ${between} may be missing: the hub has another log than before.`,
        todo: 'Ask whether Redis was emptied or replaced.',
      };
    case 'slow':
      return {
        what: `${dropped === undefined ? 'Events' : eventsText(dropped)} ${between} did not come: this page was too slow for them.`,
        todo: 'A narrower pattern or a filter makes fewer events. What the log has is in the history.',
      };
  }
}

export function markWords({ why, from, to, count }: MarkRow): string {
  const until = to === undefined ? 'until now' : `to ${clockText(new Date(to).toISOString())}`;
  const since = clockText(new Date(from).toISOString());
  return why === 'paused'
    ? `Paused from ${since} ${until}: ${eventsText(count)} came, which begin here`
    : `Not looked at from ${since} ${until}: what the log kept of it follows; live-only events were not heard`;
}

/** A position of the log as the time at which it was written. */
function positionText(position: string | null, otherwise: string): string {
  if (position === null || !isCursor(position)) return position ?? otherwise;
  const ms = cursorMs(position);
  return ms === 0 ? otherwise : clockText(new Date(ms).toISOString());
}
