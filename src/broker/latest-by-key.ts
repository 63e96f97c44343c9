import { compareCursors, START } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { removes } from '../model/removal.ts';
import type { LatestQuery } from './broker.ts';

/** The fields of an event that decide whether it is the latest of its key, and who may see it. */
export type Candidate = Pick<HubEvent, 'type' | 'action' | 'key' | 'id'>;

/**
 * Picks the latest permitted event of each key out of the newest events of some tails. Answers one page of them, in
 * the order of the keys, and how many there are in total. An event that removes a key also removes every earlier
 * event of that key.
 */
export function latestByKey<T extends Candidate>(
  marks: readonly T[],
  { permits = () => true, offset = 0, limit = Infinity }: LatestQuery,
): { readonly page: T[]; readonly total: number } {
  const latest: T[] = [];
  for (const ofKey of Map.groupBy(marks, ({ key }) => key).values()) {
    const newestFirst = ofKey.toSorted((a, b) => compareCursors(b.id ?? START, a.id ?? START));
    const removal = newestFirst.findIndex(removes);
    const there = removal === -1 ? newestFirst : newestFirst.slice(0, removal);
    const mark = there.find(permits);
    if (mark !== undefined) latest.push(mark);
  }
  latest.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { page: latest.slice(offset, offset + limit), total: latest.length };
}
