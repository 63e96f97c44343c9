import { useEffect, useInsertionEffect, useMemo, useRef, useState } from 'react';
import type { Hub } from '../hub.ts';
import type { Gap, HubEvent, Item } from '../item.ts';
import type { ListenOptions } from '../listener.ts';
import type { Filters } from '../match.ts';
import type { Progress } from './feed.ts';
import { feedHook, type Use } from './use-feed.ts';

export interface EventOptions {
  /** Only events that pass these filters are heard. */
  readonly filters?: Filters | undefined;
  /** The listening begins after this cursor, or at this time, instead of now. A change of it alone changes nothing. */
  readonly since?: string | Date | undefined;
}

export interface EventsOptions extends EventOptions {
  /** How many events are kept, of which the oldest is left out first. The default is 200. */
  readonly keep?: number | undefined;
  /** While it is true, what is shown stays as it is. What comes meanwhile is kept. */
  readonly paused?: boolean | undefined;
}

/** The latest events that came. */
export interface Events<T = unknown> extends Progress {
  /** The oldest is first. It is a new list when one came, at most once a frame. */
  readonly events: readonly HubEvent<T>[];
  /** The last gap, if there was one: events may be missing before the event that comes after its `to`. */
  readonly gap: Gap | undefined;
  /** How many events came and were left out of `events`, since more came than are kept. */
  readonly dropped: number;
  /** How many events came since it is paused. */
  readonly waiting: number;
}

interface Asked extends EventOptions {
  readonly patterns: readonly string[];
}

/** What was heard. `count` says how many events that were. */
type Heard = Pick<Events, 'events' | 'gap'> & { readonly count: number };

const useHeard = feedHook<Asked & { readonly keep: number }, Heard>(
  { events: [], gap: undefined, count: 0 },
  ({ keep, ...asked }) => {
    const listen = listening(asked);
    let [events, gap, count] = [[] as HubEvent[], undefined as Gap | undefined, 0];
    const latest = (): HubEvent[] => events.slice(Math.max(0, events.length - keep));
    return async (hub, show, signal) => {
      const showAll = (): void => show(() => ({ events: latest(), gap, count }));
      await listen(hub, signal, showAll, (item) => {
        if (item.gap === undefined) {
          count++;
          events.push(item);
          if (events.length > 2 * keep) events = latest();
        } else gap = item.gap;
        showAll();
      });
      [events, gap, count] = [[], undefined, 0];
    };
  },
);

const useItems = feedHook<Asked, object>({}, (asked) => {
  const listen = listening(asked);
  return (hub, show, signal, tell) => listen(hub, signal, () => show(() => ({})), tell);
});

/** Listens, and when it is called again after an error, goes on from there. */
function listening({ patterns, filters, since }: Asked) {
  let from = since;
  return async (
    hub: Hub,
    signal: AbortSignal,
    ready: () => void,
    take: (item: Item) => void,
  ): Promise<void> => {
    const options: ListenOptions = {
      signal,
      ...(filters && { filters }),
      ...(from !== undefined && { since: from }),
    };
    const listener = hub.listen(patterns, options);
    listener.ready.then(ready, () => undefined);
    try {
      for await (const item of listener) take(item);
      from = since;
    } catch (error) {
      from = listener.cursor ?? listener.position ?? from;
      listener.close();
      throw error;
    }
  };
}

export function useEvents(
  patterns: string | readonly string[],
  { keep = 200, paused = false, ...options }: EventsOptions = {},
): Events {
  const [shown, use] = useHeard({ ...useAsked(patterns, options, keep), keep });
  const [held, hold] = useState<{ readonly use: Use<Heard>; readonly shown: Heard }>();
  const isHeld = held?.use === use;
  if (paused ? !isHeld : held !== undefined) hold(paused ? { use, shown } : undefined);
  const seen = paused && isHeld ? held.shown : shown;
  return useMemo(() => {
    const { events, gap, count } = seen;
    const { status, error } = shown;
    return { events, gap, dropped: count - events.length, waiting: shown.count - count, status, error };
  }, [seen, shown]);
}

export function useEvent(
  patterns: string | readonly string[],
  callback: (item: Item) => unknown,
  options: EventOptions = {},
): Progress {
  const [shown, use] = useItems(useAsked(patterns, options));
  const latest = useRef(callback);
  useInsertionEffect(() => {
    latest.current = callback;
  });
  useEffect(() => {
    const listeners = use.feed()?.listeners;
    // What a callback throws is reported as an error that nobody caught, and the next event comes all the same.
    const tell = (item: Item): void => void (async () => latest.current(item))();
    listeners?.add(tell);
    return () => void listeners?.delete(tell);
  }, [use]);
  return shown;
}

/** What is asked for in one form. The beginning is the one that was given with the rest. */
function useAsked(
  patterns: string | readonly string[],
  { filters, since }: EventOptions,
  keep?: number,
): Asked {
  const sorted =
    filters && Object.fromEntries(Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const rest = { patterns: [patterns].flat(), filters: sorted };
  const begin = useMemo(() => since, [JSON.stringify([rest, keep])]);
  return { ...rest, since: begin };
}
