import type { Subscription } from '../dialects/dialect.ts';
import { compareCursors, cursorIn, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import type { Lane } from './lanes.ts';

/** What a request selects from: the events since a time that subscriptions admit, in their order, and how far each log was read. */
export async function readSelected(
  lanes: readonly Lane[],
  subscriptions: readonly Subscription[],
  sinceMs: number,
): Promise<{
  readonly events: readonly HubEvent[];
  readonly ends: readonly (readonly [lane: Lane, end: Cursor])[];
}> {
  const found = await Promise.all(
    lanes.map(async (lane) => ({
      lane,
      ...(await lane.cache.selected(subscriptions, cursorIn(lane.shard, `${sinceMs}-0`))),
    })),
  );
  const events = found.flatMap((each) => each.events);
  if (found.length > 1) events.sort(({ id: a = START }, { id: b = START }) => compareCursors(a, b));
  return { events, ends: found.map(({ lane, cursor }) => [lane, cursor] as const) };
}
