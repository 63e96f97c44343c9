import { cursorBefore, START, type Cursor } from '../../../../model/cursor.ts';
import { RowQueue } from './row-queue.ts';
import type { EventRow, Row, ShownRow } from './rows.ts';

/** What is before the first row. */
export interface Older {
  /** Where a page of the history with older events ends. Absent while no position is known. */
  readonly until: Cursor | undefined;
  /** Whether the log has nothing older. */
  readonly isEnd: boolean;
  /** How many live-only events were held and are not any more. */
  readonly gone: number;
}

/** Events that had no room. */
interface Unread {
  /** The events begin after this position. */
  after: Cursor;
  /** The last of them. */
  last: Cursor;
  /** How many of them the history has. */
  count: number;
  /** How many of them no history has, since they were live only. */
  gone: number;
}

/** How many rows before and after those on the screen are kept in any case. It is more than what is read ahead. */
const KEEP = 200;

/**
 * The part of the stream of events that is held. It has a bound, and whatever is beyond the bound is remembered by its position
 * in the log and by its exact number. While the end is shown, the oldest rows are left out. While another place is shown, the
 * rows there stay, and an unread stretch takes what comes next, which is read from the history later.
 *
 * A row has a position, which stays the same when rows are added or left out before it.
 */
export class EventWindow {
  readonly #maxChars: number;
  /** All rows while there is no unread stretch, and else those before it. */
  #front = new RowQueue();
  #unread: Unread | undefined;
  #back = new RowQueue();
  #older: Older = { until: undefined, isEnd: false, gone: 0 };
  /** The position of the log right before the first row. */
  #before: Cursor = START;
  /** The position of the first row. */
  #origin = 0;
  /** The positions on the screen; `undefined` while the end is shown. */
  #view: { readonly first: number; readonly last: number } | undefined;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  get older(): Older {
    return this.#older;
  }

  get origin(): number {
    return this.#origin;
  }

  /** The position after the last row. */
  get end(): number {
    return this.#origin + this.#front.length + (this.#unread === undefined ? 0 : 1 + this.#back.length);
  }

  /** The position of the row that stands for the unread stretch, if there is one. */
  get unreadAt(): number | undefined {
    return this.#unread && this.#origin + this.#front.length;
  }

  /** The position of the log after which the unread stretch begins. */
  get unreadAfter(): Cursor | undefined {
    return this.#unread?.after;
  }

  get unreadLast(): Cursor | undefined {
    return this.#unread?.last;
  }

  at(position: number): ShownRow | undefined {
    const index = position - this.#origin;
    if (index < this.#front.length || this.#unread === undefined) return this.#front.at(index);
    if (index === this.#front.length) return { kind: 'unread', count: this.#unread.count };
    return this.#back.at(index - this.#front.length - 1);
  }

  /** Begins with the newest page of the history. */
  begin(rows: readonly Row[], earlier: Cursor | undefined, cursor: Cursor): void {
    this.#before = cursor;
    this.prepend(rows, earlier);
  }

  append(row: Row): void {
    if (row.kind === 'event' && row.id !== undefined && this.#older.until === undefined)
      this.#older = { ...this.#older, until: row.id };
    (this.#unread === undefined ? this.#front : this.#back).push(row);
    this.#trim();
  }

  /** Adds older rows. `earlier` is where the page before them ends; `undefined` if the log has nothing older. */
  prepend(rows: readonly Row[], earlier: Cursor | undefined): void {
    this.#front.prepend(rows);
    this.#origin -= rows.length;
    this.#older = { ...this.#older, until: earlier ?? START, isEnd: earlier === undefined };
    if (rows.length > 0) this.#before = earlier === undefined ? START : cursorBefore(earlier);
    this.#trim();
  }

  /** Adds what the history has after the beginning of the unread stretch, up to `cursor`. With `isWhole` that was all. */
  fill(rows: readonly Row[], cursor: Cursor, isWhole: boolean): void {
    const unread = this.#unread;
    if (unread === undefined) return;
    this.#front.push(...rows);
    unread.count = Math.max(0, unread.count - rows.filter(({ kind }) => kind === 'event').length);
    unread.after = cursor;
    if (isWhole) {
      if (unread.gone > 0) this.#front.push({ kind: 'gone', count: unread.gone });
      for (let row = this.#back.shift(); row !== undefined; row = this.#back.shift()) this.#front.push(row);
      this.#unread = undefined;
    }
    this.#trim();
  }

  /** Notes what is on the screen. */
  look(first: number, last: number): void {
    this.#view = { first, last };
    if (this.#unread !== undefined && first > this.#origin + this.#front.length) this.#leaveFront();
  }

  /** Notes that the end is on the screen. */
  follow(): void {
    this.#view = undefined;
    if (this.#unread !== undefined) this.#leaveFront();
    this.#trim();
  }

  /** Leaves out all rows. What was is still in the history. */
  clear(): void {
    this.follow();
    while (this.#front.length > 0) this.#shiftFront();
  }

  #trim(): void {
    const max = this.#maxChars;
    if (this.#front.chars + this.#back.chars <= max) return;
    if (this.#view === undefined) {
      while (this.#front.chars > max && this.#front.length > KEEP) this.#shiftFront();
      return;
    }
    const { first, last } = this.#view;
    const from = (): number => first - KEEP - this.#origin;
    const to = (): number => last + KEEP - this.#origin;
    if (this.#unread === undefined) {
      while (this.#front.chars > max / 2 && from() > 0) this.#shiftFront();
      if (this.#front.chars <= max || this.#front.length <= to()) return;
      this.#back = this.#front.split(Math.max(0, to()));
      const after = this.#front.find(hasId, 'end')?.id ?? this.#before;
      this.#unread = { after, last: after, count: 0, gone: 0 };
    }
    while (this.#front.chars > max / 2 && from() > 0) this.#shiftFront();
    while (this.#front.chars > max / 2 && this.#front.length > to()) this.#popFront(this.#unread);
    while (this.#back.chars > max / 2 && this.#back.length > KEEP) this.#shiftBack(this.#unread);
  }

  #shiftFront(): void {
    const row = this.#front.shift();
    if (row === undefined) return;
    this.#origin++;
    if (row.kind === 'gone') this.#older = { ...this.#older, gone: this.#older.gone + row.count };
    if (row.kind !== 'event') return;
    if (row.id === undefined) this.#older = { ...this.#older, gone: this.#older.gone + 1 };
    else {
      this.#older = { ...this.#older, until: cursorAfter(row.id), isEnd: false };
      this.#before = row.id;
    }
  }

  #popFront(unread: Unread): void {
    const row = this.#front.pop();
    if (row?.kind === 'gone') unread.gone += row.count;
    if (row?.kind !== 'event') return;
    if (row.id === undefined) unread.gone++;
    else {
      if (unread.count++ === 0) unread.last = row.id;
      unread.after = this.#front.find(hasId, 'end')?.id ?? this.#before;
    }
  }

  #shiftBack(unread: Unread): void {
    const row = this.#back.shift();
    if (row?.kind === 'gone') unread.gone += row.count;
    if (row?.kind !== 'event') return;
    if (row.id === undefined) unread.gone++;
    else {
      unread.count++;
      unread.last = row.id;
    }
  }

  /** Leaves out the unread stretch and all before it: from now on all of that is what is before the first row. */
  #leaveFront(): void {
    const unread = this.#unread;
    if (unread === undefined) return;
    this.#unread = undefined;
    this.#origin++;
    while (this.#front.length > 0) this.#shiftFront();
    this.#front = this.#back;
    this.#back = new RowQueue();
    this.#before = unread.last;
    this.#older = { until: cursorAfter(unread.last), isEnd: false, gone: this.#older.gone + unread.gone };
  }
}

function hasId(row: Row): row is EventRow & { readonly id: Cursor } {
  return row.kind === 'event' && row.id !== undefined;
}

/** The position right after this one. */
function cursorAfter(cursor: Cursor): Cursor {
  const dash = cursor.indexOf('-') + 1;
  return `${cursor.slice(0, dash)}${Number(cursor.slice(dash)) + 1}`;
}
