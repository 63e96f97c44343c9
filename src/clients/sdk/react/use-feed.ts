import { useMemo, useSyncExternalStore } from 'react';
import type { Hub } from '../hub.ts';
import type { State, Status } from '../state.ts';
import { Feed, type Progress, type Source } from './feed.ts';
import { useHub, useStateOf } from './use-hub.ts';

/** The feed that a component uses. It is another object when the component asks for something else. */
export interface Use<T extends object> {
  /** Joins the feed. Returns a function that leaves it. */
  readonly join: (tell: () => void) => () => void;
  /** Absent until the component has joined. */
  readonly feed: () => Feed<T> | undefined;
}

/**
 * A hook that shows feeds of one kind. Components that ask the same hub for the same share a feed. What they ask for is
 * compared as text, so lists and objects may be new ones each time. Until something is known, and on a server, `values` are shown.
 */
export function feedHook<A, T extends object>(
  values: T,
  sourceOf: (asked: A) => Source<T>,
): (asked: A) => readonly [T & Progress, Use<T>] {
  const first: T & Progress = { ...values, status: 'connecting', error: undefined };
  const hubs = new WeakMap<Hub, Map<string, Feed<T>>>();

  return function useFeed(asked) {
    const hub = useHub();
    const key = JSON.stringify(asked);
    const use = useMemo((): Use<T> => {
      const feed = (): Feed<T> | undefined => hubs.get(hub)?.get(key);
      const join = (tell: () => void): (() => void) => {
        const feeds = hubs.get(hub) ?? new Map<string, Feed<T>>();
        hubs.set(hub, feeds);
        const own = feeds.get(key) ?? new Feed(hub, first, sourceOf(asked));
        feeds.set(key, own);
        return own.join(tell, () => feeds.delete(key));
      };
      return { feed, join };
    }, [hub, key]);
    const shown = useSyncExternalStore(
      use.join,
      () => use.feed()?.shown ?? first,
      () => first,
    );
    const status = statusBoth(shown.status, useStateOf(hub, statusOf));
    return [useMemo(() => ({ ...shown, status }), [shown, status]), use];
  };
}

const statusOf = ({ status }: State): Status => status;

/** What has come is as fresh as the connection. What has not come waits for the connection. */
function statusBoth(own: Status, connection: Status): Status {
  return own === 'open' || (own === 'connecting' && connection === 'waiting') ? connection : own;
}
