import type { Item } from '../../../sdk/item.ts';
import type { Cursor } from '../../../../model/cursor.ts';
import type { EventRow, GapRow } from './rows.ts';

/** A page of the history. */
export interface HistoryPage {
  readonly rows: readonly (EventRow | GapRow)[];
  /** Up to where the page has everything. */
  readonly cursor: Cursor;
  /** Whether there is more after the page. */
  readonly more: boolean;
  /** Where the page before ends, if there is one. */
  readonly earlier: Cursor | undefined;
}

export interface PageRange {
  readonly since?: Cursor;
  readonly until?: Cursor;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface LiveItems extends AsyncIterable<Item> {
  /** Resolves once the hub sends events. */
  readonly ready: Promise<void>;
  /** The position from which listening can go on. */
  readonly cursor: Cursor | undefined;
  readonly position: Cursor | undefined;
}

/** Where the events of a list come from. */
export interface EventSource {
  listen(since: Cursor | undefined, signal: AbortSignal): LiveItems;
  page(range: PageRange): Promise<HistoryPage>;
}
