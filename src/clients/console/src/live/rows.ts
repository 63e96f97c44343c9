import type { Gap, Item } from '../../../sdk/item.ts';

/** An event as it came. It is parsed only when somebody looks at it, since most are not seen. */
export interface EventRow {
  readonly kind: 'event';
  /** The position in the log. A live-only event has none. */
  readonly id: string | undefined;
  readonly text: string;
}

/** Events may be missing at this place. */
export interface GapRow {
  readonly kind: 'gap';
  readonly gap: Gap;
}

/** Live-only events that had no room, and that no history has. */
export interface GoneRow {
  readonly kind: 'gone';
  readonly count: number;
}

/** For a while the list was paused, or another screen was shown. */
export interface MarkRow {
  readonly kind: 'mark';
  readonly why: 'paused' | 'away';
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Absent while it lasts. */
  to: number | undefined;
  /** How many events came meanwhile. */
  count: number;
}

/** Events that came and had no room: an unread stretch. They are read from the history when somebody looks at this place. */
export interface UnreadRow {
  readonly kind: 'unread';
  readonly count: number;
}

/** What is held. */
export type Row = EventRow | GapRow | GoneRow | MarkRow;
/** What is shown. */
export type ShownRow = Row | UnreadRow;

/** What a row takes besides its text, in characters. */
const OVERHEAD = 100;

export function charsOf(row: Row): number {
  return row.kind === 'event' ? row.text.length + OVERHEAD : OVERHEAD;
}

export function rowOf(item: Item): EventRow | GapRow {
  return item.gap === undefined
    ? { kind: 'event', id: item.id, text: item.text }
    : { kind: 'gap', gap: item.gap };
}
