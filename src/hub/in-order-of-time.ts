import { cursorMs, START } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';

/** An event, and what it was read for. */
export interface Read<Part> {
  readonly part: Part;
  readonly event: HubEvent;
}

/**
 * The events of several shards in the order of their times, those of one time in the order of their shards. With -1 they come
 * in the opposite order. Of each shard no more is read than comes next.
 */
export async function* inOrderOfTime<Part extends { readonly shard: number }>(
  parts: readonly Part[],
  eventsOf: (part: Part) => AsyncGenerator<HubEvent, void>,
  sign: 1 | -1,
): AsyncGenerator<Read<Part>> {
  const readers = parts.map((part) => ({ part, events: eventsOf(part) }));
  try {
    const next = async ({ part, events }: (typeof readers)[number]) => {
      const { value } = await events.next();
      return value ? { part, events, event: value } : undefined;
    };
    const heads = (await Promise.all(readers.map(next))).filter((head) => head !== undefined);
    while (heads.length > 0) {
      const first = heads.reduce((a, b) => (isBefore(b, a, sign) ? b : a));
      yield first;
      const following = await next(first);
      if (following === undefined) heads.splice(heads.indexOf(first), 1);
      else heads[heads.indexOf(first)] = following;
    }
  } finally {
    for (const { events } of readers) await events.return(undefined);
  }
}

function isBefore(a: Read<{ shard: number }>, b: Read<{ shard: number }>, sign: 1 | -1): boolean {
  const byTime = cursorMs(a.event.id ?? START) - cursorMs(b.event.id ?? START);
  return (byTime === 0 ? a.part.shard - b.part.shard : byTime) * sign < 0;
}
