import { useHub } from '@belfry/client/react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useSession } from '../session/use-session.ts';
import { useIsLookedAt } from '../ui/use-is-looked-at.ts';
import { admission } from './event-admission.ts';
import { hubSource } from './hub-source.ts';
import type { LiveQuery } from './live-query.ts';
import { LiveStore } from './live-store.ts';
import type { LiveView } from './live-view.ts';

/** The last list of events. Whoever comes back to it from another screen finds it as it was. */
let last: { readonly key: string; readonly store: LiveStore } | undefined;

/** A list that changes with every frame takes three times as much of the machine, and is not better to read. */
const UPDATE_MS = 50;

/** Runs a function before a frame is drawn, at most about twenty times a second. */
function steadyFrames(): (run: () => void) => void {
  let lastAt = -UPDATE_MS;
  return function next(run): void {
    requestAnimationFrame((now) => {
      if (now - lastAt < UPDATE_MS) return next(run);
      lastAt = now;
      run();
    });
  };
}

/** The events of a query, for as long as the component is there. */
export function useLiveStore(query: LiveQuery): readonly [LiveStore, LiveView] {
  const hub = useHub();
  const { status } = useSession();
  const key = JSON.stringify(query);
  const store = useMemo(() => {
    const kept = last?.key === key ? last.store : undefined;
    const parts = {
      source: hubSource(hub, query),
      admits: admission(query),
      nextFrame: steadyFrames(),
      now: () => Date.now(),
    };
    last = { key, store: kept ?? new LiveStore(parts) };
    return last.store;
  }, [hub, key]);
  const view = useSyncExternalStore(store.onChange, store.view);
  // A page that nobody looks at costs the hub nothing. What somebody has paused is counted all the same.
  const isWanted = (useIsLookedAt() || !view.isFollowing) && query.patterns.length > 0;
  useEffect(() => {
    if (!isWanted) return undefined;
    store.start();
    return () => store.stop();
  }, [store, isWanted]);
  // What was refused with a token that had ended is asked for again.
  useEffect(() => {
    if (status === 'in') store.retry();
  }, [store, status]);
  return [store, view];
}
