import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { compareCursors, cursorPast, endOf, START, startOf, type Cursor } from '../model/cursor.ts';
import { heardJson, type HubEvent } from '../model/event.ts';
import type { Position } from '../model/position.ts';
import type { Grants } from '../model/principal.ts';
import type { View } from '../model/redaction.ts';
import { TimeSlice } from '../model/time-slice.ts';
import { matches } from './subscription.ts';
import { gapBetween, type Gap, type GapReason } from './gap.ts';
import { inOrderOfTime } from './in-order-of-time.ts';
import type { EventLog } from './event-log.ts';

const FATE = 'the page ends, and says how to go on';
const MAX_READ = bound('events that a page of the past looks at, whatever it finds', 10_000, 'entries', FATE);
const MAX_READ_BYTES = bound(
  'bytes that a page of the past looks at, whatever it finds',
  33_554_432,
  'bytes',
  FATE,
);
/** An event counts with the size that it came with. */
const MAX_BYTES = bound('bytes of a page of the past', 4 * 1024 * 1024, 'bytes', FATE);

/** What a page of the past is read from. */
export type HistoryLog = Pick<
  EventLog,
  'history' | 'lanes' | 'positionOf' | 'vectorOf' | 'isSingle' | 'whenDivided' | 'goneAfter'
>;

export interface PageQuery {
  readonly grants: Pick<Grants, 'permit'>;
  readonly view: View;
  readonly subscriptions: readonly Subscription[];
  /** The page begins after this position. If it is absent, the page has the newest events before `until`. */
  readonly since?: { readonly since: Position; readonly ofTime?: true };
  /** The page ends before this position. If it is absent, it ends where the log ends. */
  readonly until?: Position;
  readonly limit: number;
  /** Only events in whose JSON this text stands, whether in capital or small letters. */
  readonly text?: string;
}

export interface Page {
  /** Oldest first. Events of several shards are in the order of their times. */
  readonly events: readonly HubEvent[];
  /** The next page begins with this as `since`. */
  readonly cursor: Position;
  /** Whether the page ended at one of its bounds, so that there is more between its cursor and `until`. */
  readonly more: boolean;
  /**
   * The `until` of the page before this one. Present if the newest events were asked for and there may be older ones.
   */
  readonly earlier?: Position;
  readonly gap?: Gap;
}

/** Reads past events as the caller would have received them. Rejects with BelfryError `unavailable`. */
export async function readHistoryPage(log: HistoryLog, query: PageQuery): Promise<Page> {
  if (query.since !== undefined) await log.whenDivided(query.since.since);
  return query.since === undefined ? newest(log, query) : following(log, query, query.since);
}

/** How far a page has come in the log of one shard. */
interface Part {
  readonly shard: number;
  readonly begin: Cursor;
  /** The cursor after which the part begins was made from a time, so there need not be an event at it. */
  readonly isOfTime: boolean;
  readonly until: Cursor;
  /** The events that were read first and last. */
  first?: Cursor | undefined;
  last?: Cursor | undefined;
  /** The last event that was looked at, or what it is known to follow. */
  at?: Cursor | undefined;
  gap?: GapReason | undefined;
  gapTo?: Cursor;
}

function partsOf(log: HistoryLog, { subscriptions, since, until }: PageQuery): Part[] {
  const from = since && log.vectorOf(since.since);
  const end = until === undefined ? undefined : log.vectorOf(until);
  return log.lanes.shardsOf(subscriptions).map((shard) => ({
    shard,
    begin: from?.in(shard) ?? startOf(shard),
    isOfTime: since?.ofTime === true || from?.isExactIn(shard) === false,
    until: end?.in(shard) ?? endOf(shard),
  }));
}

/** The parts of the logs that have run out in which something may be missing from the page. */
function goneParts(log: HistoryLog, { subscriptions, since, until }: PageQuery): Part[] {
  if (since === undefined) return [];
  const from = log.vectorOf(since.since);
  const end = until === undefined ? undefined : log.vectorOf(until);
  return Array.from(log.goneAfter(subscriptions, from), ([shard, at]) => ({
    shard,
    begin: from.in(shard),
    isOfTime: false,
    until: end?.in(shard) ?? endOf(shard),
    at,
    gap: 'trimmed' as const,
    gapTo: at,
  })).filter(({ begin, until: last }) => compareCursors(begin, last) < 0);
}

/** The position with one cursor of each part that has one. */
function positionAt(
  log: HistoryLog,
  parts: readonly Part[],
  cursorOf: (part: Part) => Cursor | undefined,
): Position {
  const cursors = parts.map((part) => [part.shard, cursorOf(part)] as const);
  return log.positionOf(
    cursors.flatMap(([shard, cursor]) => (cursor === undefined ? [] : [[shard, cursor] as const])),
  );
}

async function following(
  log: HistoryLog,
  query: PageQuery,
  { since }: NonNullable<PageQuery['since']>,
): Promise<Page> {
  const found = new Found(query);
  const parts = partsOf(log, query);
  let more = false;
  const turn = new TimeSlice();
  for await (const { part, event } of inOrderOfTime(parts, (each) => eventsAfter(log, each), 1)) {
    more = found.isFull;
    if (more) break;
    found.look(event);
    part.at = event.id ?? part.at;
    if (turn.isOver) await turn.next();
  }
  if (!more && query.until === undefined)
    for (const part of parts) if (part.first === undefined) await lookAtEnd(log, part);
  parts.unshift(...goneParts(log, query));
  parts.sort((a, b) => a.shard - b.shard);
  const told = parts.filter(({ gap, isOfTime }) => gap === 'trimmed' || (gap !== undefined && !isOfTime));
  for (const part of told) part.at ??= part.gapTo;
  const cursor = parts.every(({ at }) => at === undefined)
    ? since
    : positionAt(log, parts, ({ at, begin }) => at ?? begin);
  const [reason] = told.map(({ gap }) => gap);
  if (reason === undefined) return { events: found.events, cursor, more };
  const to = positionAt(log, parts, (part) => (told.includes(part) ? part.gapTo : part.begin));
  return { events: found.events, cursor, more, gap: { from: since, to, reason } };
}

/** The events of a part. The first that is read says whether the log goes back to where the part begins. */
async function* eventsAfter({ history }: HistoryLog, part: Part): AsyncGenerator<HubEvent, void> {
  for await (const event of history.after(part.begin)) {
    const { id = START, previous = START } = event;
    if (part.first === undefined) {
      part.first = id;
      part.gap = gapBetween(part.begin, previous);
      part.gapTo = previous;
    }
    if (compareCursors(id, part.until) >= 0) return;
    yield event;
  }
}

/**
 * If the log has nothing after the position where a part begins, that must be its end. Otherwise there is a gap: the log may
 * never reach the position, and a client that went on from there would receive nothing.
 */
async function lookAtEnd({ history, lanes }: HistoryLog, part: Part): Promise<void> {
  const { shard, begin } = part;
  const delivered = lanes.of(shard)?.cache.recent.to;
  let end = delivered;
  for await (const { id } of history.before(endOf(shard))) {
    end = id;
    break;
  }
  if (end === undefined || begin === end || begin === delivered) return;
  part.gap = compareCursors(begin, end) > 0 ? 'unknown cursor' : 'trimmed';
  part.at = part.gapTo = end;
}

async function newest(log: HistoryLog, query: PageQuery): Promise<Page> {
  const found = new Found(query);
  const parts = partsOf(log, query);
  let isWhole = true;
  const turn = new TimeSlice();
  for await (const { part, event } of inOrderOfTime(parts, (each) => eventsBefore(log, each), -1)) {
    isWhole = !found.isFull;
    if (!isWhole) break;
    found.look(event);
    part.at = event.id ?? part.at;
    if (turn.isOver) await turn.next();
  }
  const events = found.events.toReversed();
  const cursor = positionAt(log, parts, ({ shard, first }) => first ?? log.lanes.of(shard)?.cache.recent.to);
  if (isWhole) return { events, cursor, more: false };
  // Of a part of which nothing was looked at, the event that was read comes next.
  const earlier = positionAt(
    log,
    parts,
    ({ shard, at, last }) => at ?? (last ? cursorPast(last) : startOf(shard)),
  );
  return { events, cursor, more: false, earlier };
}

async function* eventsBefore({ history }: HistoryLog, part: Part): AsyncGenerator<HubEvent, void> {
  for await (const event of history.before(part.until)) {
    part.first ??= event.id;
    part.last = event.id;
    yield event;
  }
}

/** The events of a page that were found so far. */
class Found {
  readonly events: HubEvent[] = [];
  readonly #query: PageQuery;
  readonly #text: string | undefined;
  #read = 0;
  #readBytes = 0;
  #bytes = 0;

  constructor(query: PageQuery) {
    this.#query = query;
    this.#text = query.text?.toLowerCase();
  }

  get isFull(): boolean {
    const hasRead = this.#read >= MAX_READ || this.#readBytes >= MAX_READ_BYTES;
    return this.events.length >= this.#query.limit || hasRead || this.#bytes >= MAX_BYTES;
  }

  /** Adds an event where the query admits it. */
  look(event: HubEvent): void {
    const { grants, subscriptions, view } = this.#query;
    this.#read++;
    this.#readBytes += event.size;
    if (!grants.permit(event)) return;
    const seen = view.mask(event);
    if (!subscriptions.some((subscription) => matches(subscription, seen))) return;
    // The masked event is searched. Otherwise a client could find out what is masked.
    if (this.#text !== undefined && !heardJson(seen).toLowerCase().includes(this.#text)) return;
    this.events.push(seen);
    this.#bytes += event.size;
  }
}
