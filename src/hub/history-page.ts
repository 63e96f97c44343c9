import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { compareCursors, END, START, type Cursor } from '../model/cursor.ts';
import { heardJson, type HubEvent } from '../model/event.ts';
import type { Grants } from '../model/principal.ts';
import type { View } from '../model/redaction.ts';
import { TimeSlice } from '../model/time-slice.ts';
import { matches } from './subscription.ts';
import { gapBetween, type Gap } from './gap.ts';
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

type Log = Pick<EventLog, 'history' | 'position'>;

export interface PageQuery {
  readonly grants: Grants;
  readonly view: View;
  readonly subscriptions: readonly Subscription[];
  /** The page begins after this position. If it is absent, the page has the newest events before `until`. */
  readonly since?: { readonly since: Cursor; readonly ofTime?: true };
  /** The page ends before this position. */
  readonly until: Cursor;
  readonly limit: number;
  /** Only events in whose JSON this text stands, whether in capital or small letters. */
  readonly text?: string;
}

export interface Page {
  /** Oldest first. */
  readonly events: readonly HubEvent[];
  /** The next page begins with this as `since`. */
  readonly cursor: Cursor;
  /** Whether the page ended at one of its bounds, so that there is more between its cursor and `until`. */
  readonly more: boolean;
  /**
   * The `until` of the page before this one. Present if the newest events were asked for and there may be older ones.
   */
  readonly earlier?: Cursor;
  readonly gap?: Gap;
}

/** Reads past events as the caller would have received them. Rejects with BelfryError `unavailable`. */
export function readHistoryPage(log: Log, query: PageQuery): Promise<Page> {
  return query.since === undefined ? newest(log, query) : following(log, query, query.since);
}

async function following(
  log: Log,
  query: PageQuery,
  { since, ofTime }: NonNullable<PageQuery['since']>,
): Promise<Page> {
  const found = new Found(query);
  let cursor = since;
  let gap: Gap | undefined;
  let more = false;
  const turn = new TimeSlice();
  for await (const event of log.history.after(since)) {
    if (cursor === since) gap = gapBetween(since, event.previous ?? START);
    if (compareCursors(event.id ?? START, query.until) >= 0) break;
    more = found.isFull;
    if (more) break;
    found.look(event);
    cursor = event.id ?? cursor;
    if (turn.isOver) await turn.next();
  }
  if (cursor === since && gap === undefined && !more && query.until === END) {
    gap = await gapAtEnd(log, since);
    // The log may never reach the requested position, and a client that went on from there would receive nothing.
    cursor = gap?.to ?? since;
  }
  const told = ofTime === undefined || gap?.reason === 'trimmed' ? gap : undefined;
  return { events: found.events, cursor, more, ...(told && { gap: told }) };
}

/** If the log has nothing after a position, that position must be its end. Otherwise there is a gap. */
async function gapAtEnd({ history, position }: Log, since: Cursor): Promise<Gap | undefined> {
  let end = position;
  for await (const { id = end } of history.before(END)) {
    end = id;
    break;
  }
  if (since === end || since === position) return undefined;
  return { from: since, to: end, reason: compareCursors(since, end) > 0 ? 'unknown cursor' : 'trimmed' };
}

async function newest({ history, position }: Log, query: PageQuery): Promise<Page> {
  const found = new Found(query);
  let cursor: Cursor | undefined;
  let earlier: Cursor | undefined;
  const turn = new TimeSlice();
  for await (const event of history.before(query.until)) {
    if (found.isFull) {
      earlier = found.last;
      break;
    }
    found.look(event);
    cursor ??= event.id;
    if (turn.isOver) await turn.next();
  }
  const events = found.events.toReversed();
  return { events, cursor: cursor ?? position, more: false, ...(earlier !== undefined && { earlier }) };
}

/** The events of a page that were found so far. */
class Found {
  readonly events: HubEvent[] = [];
  /** The position of the last event that was looked at. */
  last: Cursor = START;
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
    this.last = event.id ?? this.last;
    if (!grants.permit(event)) return;
    const seen = view.mask(event);
    if (!subscriptions.some((subscription) => matches(subscription, seen))) return;
    // The masked event is searched. Otherwise a client could find out what is masked.
    if (this.#text !== undefined && !heardJson(seen).toLowerCase().includes(this.#text)) return;
    this.events.push(seen);
    this.#bytes += event.size;
  }
}
