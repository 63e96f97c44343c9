import type { EventPage } from '../broker/broker.ts';
import type { RetainedQuery } from '../dialects/dialect.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Lane } from './lanes.ts';

/** What the retention rules keep for one query in one shard. */
interface Found {
  readonly lane: Lane;
  readonly query: RetainedQuery;
  readonly page: EventPage;
  /** The position in the shard up to which the page, and those that follow it, are complete. */
  readonly until: Cursor;
}

export interface RetainedReplay {
  /** The lanes in which the events of a query may be. */
  readonly lanesOf: (query: RetainedQuery) => readonly Lane[];
  readonly connection: { readonly isOpen: boolean };
  readonly batch: { readonly isFull: boolean; sent(): Promise<void> };
  readonly add: (event: HubEvent) => void;
}

/**
 * Sends what the retention rules keep, in the order of the queries. Returns for each lane that was asked the position up to
 * which it was.
 */
export async function sendRetained(
  queries: readonly RetainedQuery[],
  replay: RetainedReplay,
): Promise<ReadonlyMap<Lane, Cursor>> {
  const asked = new Map<Lane, RetainedQuery[]>();
  for (const query of queries)
    for (const lane of replay.lanesOf(query)) asked.set(lane, [...(asked.get(lane) ?? []), query]);
  const found = await Promise.all(Array.from(asked, ([lane, its]) => read(lane, its)));
  for (const query of queries) {
    const [newest] = found
      .flat()
      .filter((each) => each.query === query)
      .toSorted((a, b) => compareCursors(lastOf(b), lastOf(a)));
    if (newest !== undefined) await send(newest, replay);
  }
  await replay.batch.sent();
  return new Map(found.flatMap(([first]) => (first === undefined ? [] : [[first.lane, first.until]])));
}

async function read(lane: Lane, queries: readonly RetainedQuery[]): Promise<Found[]> {
  const { pages, cursor: until } = await lane.cache.retained(queries);
  const none = { events: [], to: until, isLast: true };
  return queries.map((query, index) => ({ lane, query, page: pages[index] ?? none, until }));
}

/** Where the keys of a type lie in several shards, the event of the latest time is its last change. */
function lastOf({ page }: Found): Cursor {
  return page.events.at(-1)?.id ?? START;
}

async function send({ lane, query, page, until }: Found, replay: RetainedReplay): Promise<void> {
  const { add, batch, connection } = replay;
  for (const event of page.events) {
    add(event);
    if (batch.isFull) await batch.sent();
  }
  let at = page.isLast ? until : page.to;
  while (connection.isOpen && compareCursors(at, until) < 0) {
    at = await sendTail({ lane, query, until }, at, replay);
    if (batch.isFull) await batch.sent();
  }
}

/** Takes as much of a page of a tail as one write holds. Returns how far it got. */
async function sendTail(
  { lane, query, until }: Omit<Found, 'page'>,
  at: Cursor,
  { add, batch }: RetainedReplay,
): Promise<Cursor> {
  const segment = await lane.cache.tail(query, at, until);
  for (const event of segment.after(at)) {
    if (compareCursors(event.id ?? START, until) > 0) return until;
    add(event);
    if (batch.isFull) return event.id ?? until;
  }
  return compareCursors(segment.to, at) > 0 ? segment.to : until;
}
