import type { Connection } from '../connections/connection.ts';
import { connectionSpans, openAt } from '../connections/presence-history.ts';
import type { History } from '../connections/read-history.ts';

/** Whether a principal was connected at a time, as far as the log tells. */
export interface ThenAndNow {
  /** `undefined`: the log does not tell. */
  readonly openThen: number | undefined;
  readonly openNow: number;
  /** When it connected first after that time, if it was not connected then. */
  readonly cameBackAt: number | undefined;
}

/** A connection that was open then has either ended since, which the log tells, or is open now. */
export function thenAndNow(history: History, open: readonly Connection[], at: number): ThenAndNow {
  const spans = connectionSpans(history.events, open);
  const openThen = openAt(spans, at).length;
  const isKnown = openThen > 0 || history.from <= at;
  const later = spans.find(({ from }) => from > at);
  return {
    openThen: isKnown ? openThen : undefined,
    openNow: open.length,
    cameBackAt: openThen === 0 ? later?.from : undefined,
  };
}
