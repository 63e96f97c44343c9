import { HubError } from '@belfry/client';
import { useHub } from '@belfry/client/react';
import { useEffect, useState } from 'react';
import { session } from '../session/session.ts';
import { useIsLookedAt } from '../ui/use-is-looked-at.ts';
import { patternsOf, readHistory, type History } from './read-history.ts';
import { pauseBeforeRetry } from './retry.ts';

export interface PrincipalHistory {
  /** Absent until it is read. */
  readonly history?: History;
  readonly error?: Error;
}

/** How many events are kept of those that come while one looks. */
const EVENTS_MAX = 5_000;

/** What the log tells of a principal since a time, and then what comes. */
export function usePrincipalHistory(principal: string, from: number): PrincipalHistory {
  const hub = useHub();
  const isLookedAt = useIsLookedAt();
  const [shown, show] = useState<PrincipalHistory>({});
  useEffect(() => {
    if (!isLookedAt) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const follow = async (): Promise<void> => {
      const history = await readHistory((path, init) => session.request(path, init), principal, from, signal);
      show({ history });
      let events = [...history.events];
      for await (const item of hub.listen(patternsOf(principal), { since: history.cursor, signal })) {
        if (item.gap !== undefined) continue;
        events.push(item);
        if (events.length > 2 * EVENTS_MAX) events = events.slice(-EVENTS_MAX);
        show({ history: { ...history, events: events.slice(-EVENTS_MAX) } });
      }
    };
    const followOn = async (): Promise<void> => {
      for (let attempt = 0; !signal.aborted; attempt++) {
        try {
          await follow();
        } catch (error) {
          if (signal.aborted) return;
          show((before) => ({ ...before, error: error as Error }));
          if (error instanceof HubError && error.code === 'forbidden') return;
        }
        await pauseBeforeRetry(attempt, hub, signal);
      }
    };
    void followOn();
    return () => stop.abort();
  }, [hub, principal, from, isLookedAt]);
  return shown;
}
