import type { FeedStatus } from './event-feed.ts';
import type { EventWindow, Older } from './event-window.ts';
import type { PastReader, PastState } from './past-reader.ts';

/** What a list of events shows, at one moment. */
export interface LiveView {
  /** The positions of the first row and after the last one. */
  readonly origin: number;
  readonly end: number;
  readonly status: FeedStatus;
  readonly error: Error | undefined;
  /** Whether the end is shown, also when more comes. */
  readonly isFollowing: boolean;
  readonly isPaused: boolean;
  /** How many events came since the end is not shown any more. */
  readonly waiting: number;
  /** How many of them are only in the history, since more came than are held. */
  readonly inHistory: number;
  readonly older: Older;
  readonly past: PastState;
  /** How many events of each hidden type came. */
  readonly hidden: readonly (readonly [type: string, count: number])[];
}

interface More extends Omit<LiveView, 'origin' | 'end' | 'inHistory' | 'older' | 'past'> {
  /** The end of what is shown during a pause. */
  readonly shownEnd: number | undefined;
}

export function viewOf(window: EventWindow, past: PastReader, { shownEnd, ...more }: More): LiveView {
  const { origin, end, older, unreadAt } = window;
  const unread = unreadAt === undefined ? undefined : window.at(unreadAt);
  return {
    ...more,
    origin,
    end: shownEnd === undefined ? end : pausedEnd(end, shownEnd, unreadAt),
    inHistory: unread?.kind === 'unread' ? unread.count : 0,
    older,
    past: past.state,
  };
}

/** During a pause nothing new is shown, except for an unread stretch that lies before the end. */
function pausedEnd(end: number, shownEnd: number, unreadAt: number | undefined): number {
  if (unreadAt === undefined) return Math.min(end, shownEnd);
  return Math.min(shownEnd, unreadAt + 1);
}
