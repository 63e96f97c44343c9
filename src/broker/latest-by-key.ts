import { compareCursors, START } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { REMOVING_ACTIONS } from '../model/retention.ts';
import type { LatestQuery } from './broker.ts';

/** What decides which event of a key is the latest, and who may hear it. */
export type Candidate = Pick<HubEvent, 'type' | 'action' | 'key' | 'id'>;

/**
 * Of the last events of some tails, the latest of each key that the query permits, in the order of the keys: the part
 * asked for, and how many there are. What removed a key took with it all that came before.
 */
export function latestByKey<T extends Candidate>(
  marks: readonly T[],
  { permits = () => true, offset = 0, limit = Infinity }: LatestQuery,
): { readonly page: T[]; readonly total: number } {
  const latest: T[] = [];
  for (const ofKey of Map.groupBy(marks, ({ key }) => key).values()) {
    const newestFirst = ofKey.toSorted((a, b) => compareCursors(b.id ?? START, a.id ?? START));
    const removal = newestFirst.findIndex(({ action }) => REMOVING_ACTIONS.includes(action));
    const there = removal === -1 ? newestFirst : newestFirst.slice(0, removal);
    const mark = there.find(permits);
    if (mark !== undefined) latest.push(mark);
  }
  latest.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { page: latest.slice(offset, offset + limit), total: latest.length };
}
