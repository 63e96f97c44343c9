import type { Subscription } from '../dialects/dialect.ts';
import { compareCursors, cursorMs, type Cursor } from '../model/cursor.ts';
import type { PositionVector } from '../model/position.ts';
import type { Layout } from '../model/shards.ts';

/**
 * Where the logs ended that have run out since the hub was divided anew, of those in which a client with this position has not
 * everything that its subscriptions may admit.
 */
export function goneAfter(
  layout: Layout,
  subscriptions: readonly Pick<Subscription, 'pattern'>[],
  position: PositionVector,
): ReadonlyMap<number, Cursor> {
  const missed = new Map<number, Cursor>();
  const shards = subscriptions.flatMap(({ pattern: { parts } }) => (parts ? layout.goneShardsOf(parts) : []));
  for (const shard of shards) {
    const end = layout.endOf(shard);
    // A shard to which nothing was published ended where it began.
    const isMissed = (at: Cursor): boolean => end !== undefined && compareCursors(at, end) < 0;
    if (end !== undefined && isMissed(position.in(shard)) && isMissed(layout.beginOf(shard)))
      missed.set(shard, end);
  }
  return missed;
}

/** A time at which the logs had ended that have run out, so that a position of that time has all of them; 0 where there are none. */
export function goneMs(layout: Layout): number {
  const next = layout.epochs.findLast((_, i) => layout.epochs[i - 1]?.gone === true);
  return next === undefined ? 0 : cursorMs(layout.beginOf(next.first)) + 1;
}
