import { compareCursors, shardOfCursor, START } from '../../src/model/cursor.ts';
import { cursorAfter, isAfter } from '../../src/model/position.ts';
import type { Gap, Heard, ResumingClient } from './client.ts';
import type { Accepted, Publisher } from './publisher.ts';

/** The parts of a client and of a publisher that the checker looks at. */
export type HeardBy = Pick<ResumingClient, 'from' | 'heard' | 'gaps'> &
  Partial<Pick<ResumingClient, 'wants'>>;
export type PublishedBy = Pick<Publisher, 'accepted' | 'unsure'> & {
  readonly entryPoint: Pick<Publisher['entryPoint'], 'promise'>;
};

/** The events that a client should have heard and did not. Events within a gap that it was told of are left out. */
export function missing(
  { from = START, heard, gaps, wants = () => true }: HeardBy,
  publishers: readonly PublishedBy[],
): string[] {
  const known = new Set(heard.map(({ key, n }) => `${key} ${n}`));
  return (
    publishers
      .filter(({ entryPoint }) => entryPoint.promise !== 'live')
      .flatMap(({ accepted }) => accepted)
      .filter((event) => !known.has(`${event.key} ${event.n}`))
      .filter(({ type, key }) => wants(type, key))
      // An entry of the ingress gets its id later. All clients were there before it was added.
      .filter(({ id }) => id === undefined || isAfter(id, from))
      .filter((event) => !gaps.some((gap) => covers(gap, event)))
      .map(({ key, n, id }) => `lost: ${key} ${n} (${id})`)
  );
}

/** The events that a client heard twice or out of order. */
export function disorder({ heard, gaps }: HeardBy, publishers: readonly PublishedBy[]): string[] {
  return [...wrongIds(heard, gaps), ...wrongNumbers(heard, gaps, publishers)];
}

/** Whether the log itself was lost in this gap, and its idempotency keys and the order of its ids with it. */
function isLoss({ reason }: Gap): boolean {
  return reason !== 'trimmed';
}

function covers(gap: Gap, { id, at }: Accepted): boolean {
  if (id === undefined) return isLoss(gap) && at < gap.at;
  if (!isOf(gap, shardOfCursor(id)) || !isAfter(id, gap.from)) return false;
  return isLoss(gap) ? at < gap.at : !isAfter(id, gap.to);
}

/** Whether the gap is one in the log of this shard. */
function isOf({ from, to }: Gap, shard: number): boolean {
  return cursorAfter(from, shard) !== cursorAfter(to, shard);
}

/** The ids of a shard rise for every client over all keys, so an id that does not rise is repeated or out of order. */
function wrongIds(heard: readonly Heard[], gaps: readonly Gap[]): string[] {
  const losses = Map.groupBy(gaps.filter(isLoss), ({ after }) => after);
  const wrong: string[] = [];
  const lastOf = new Map<number, string>();
  for (const [index, { id, key, n }] of heard.entries()) {
    for (const loss of losses.get(index) ?? [])
      for (const shard of lastOf.keys()) if (isOf(loss, shard)) lastOf.delete(shard);
    if (id === undefined) continue;
    const shard = shardOfCursor(id);
    const last = lastOf.get(shard) ?? START;
    const order = compareCursors(id, last);
    if (order <= 0)
      wrong.push(`${order === 0 ? 'doubled' : 'out of order'}: ${key} ${n} (${id} after ${last})`);
    lastOf.set(shard, id);
  }
  return wrong;
}

/**
 * The numbers of a key rise on every path. Only a lost answer excuses a repetition. An event of a publisher without an
 * idempotency key may repeat as often as answers were lost, and an event with a key only if the log was lost as well.
 */
function wrongNumbers(
  heard: readonly Heard[],
  gaps: readonly Gap[],
  publishers: readonly PublishedBy[],
): string[] {
  const wrong: string[] = [];
  const highest = new Map<string, number>();
  const excuses = new Map(
    publishers
      .filter(({ entryPoint }) => entryPoint.promise === 'at least' || gaps.some(isLoss))
      .flatMap(({ unsure }) => [...unsure]),
  );
  for (const { key, n, id } of heard) {
    const before = highest.get(key) ?? 0;
    highest.set(key, Math.max(before, n));
    if (n > before) continue;
    const excused = excuses.get(`${key} ${n}`) ?? 0;
    if (excused === 0) wrong.push(`again: ${key} ${n} (${id}) after ${key} ${before}`);
    else excuses.set(`${key} ${n}`, excused - 1);
  }
  return wrong;
}
