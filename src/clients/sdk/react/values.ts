import type { HubEvent } from '../item.ts';
import type { Presence } from '../presence.ts';
import type { Progress } from './feed.ts';
import { feedHook } from './use-feed.ts';

/** The latest event of a key. */
export interface Latest<T = unknown> extends Progress {
  /** `undefined` while there is none, or none is known yet. */
  readonly value: HubEvent<T> | undefined;
}

/** The latest event of each key of a type. */
export interface List<T = unknown> extends Progress {
  /** By key. It is a new map when one has changed, at most once a frame. */
  readonly values: ReadonlyMap<string, HubEvent<T>>;
}

/** Whether a principal is online. The fields of the presence are absent until it is known. */
export type PresenceOf = Partial<Presence> & Progress;

const useListFeed = feedHook<string, Pick<List, 'values'>>(
  { values: new Map() },
  (type) => async (hub, show, signal) => {
    for await (const { values } of hub.list(type, { signal })) show(() => ({ values: new Map(values) }));
  },
);

const useLatestFeed = feedHook<readonly [type: string, key: string], Pick<Latest, 'value'>>(
  { value: undefined },
  ([type, key]) =>
    async (hub, show, signal) => {
      for await (const value of hub.latest(type, key, { signal })) show(() => ({ value }));
    },
);

const usePresenceFeed = feedHook<string, Partial<Presence>>({}, (principal) => async (hub, show, signal) => {
  for await (const presence of hub.presence(principal, { signal })) show(() => presence);
});

export const useList = (type: string): List => useListFeed(type)[0];
export const useLatest = (type: string, key: string): Latest => useLatestFeed([type, key])[0];
export const usePresence = (principal: string): PresenceOf => usePresenceFeed(principal)[0];
