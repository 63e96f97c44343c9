import { compareCursors, END } from '../../../../model/cursor.ts';
import type { admission } from './event-admission.ts';
import type { EventSource } from './event-source.ts';
import type { EventWindow } from './event-window.ts';
import type { EventRow, GapRow } from './rows.ts';

const OLDER_PAGE = 200;
const UNREAD_PAGE = 500;
/** It reads when fewer rows than these lie between the screen and what is not held. */
const NEAR = 50;

export interface PastState {
  /** `closed`: what is older is not shown, since somebody cleared the list. */
  readonly status: 'idle' | 'reading' | 'failed' | 'closed';
  readonly error: Error | undefined;
}

/** Reads what is not held from the history, when somebody looks at that place. */
export class PastReader {
  readonly #source: Pick<EventSource, 'page'>;
  readonly #window: EventWindow;
  readonly #admits: ReturnType<typeof admission>;
  readonly #changed: () => void;
  #state: PastState = { status: 'idle', error: undefined };
  #seen = { first: 0, last: 0 };

  constructor(
    source: Pick<EventSource, 'page'>,
    window: EventWindow,
    admits: ReturnType<typeof admission>,
    changed: () => void,
  ) {
    this.#source = source;
    this.#window = window;
    this.#admits = admits;
    this.#changed = changed;
  }

  get state(): PastState {
    return this.#state;
  }

  /** Notes which positions are on the screen, and reads what is missing there. */
  look(first: number, last: number, signal: AbortSignal | undefined): void {
    this.#seen = { first, last };
    if (this.#state.status === 'idle' && signal !== undefined && this.#next() !== undefined)
      void this.#read(signal);
  }

  retry(): void {
    if (this.#state.status === 'failed') this.#set({ status: 'idle', error: undefined });
  }

  close(): void {
    this.#set({ status: 'closed', error: undefined });
  }

  open(): void {
    this.#set({ status: 'idle', error: undefined });
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#set({ status: 'reading', error: undefined });
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (next === 'unread') await this.#readUnread(signal);
        else await this.#readOlder(signal);
        if (this.#state.status !== 'reading') return;
        this.#changed();
      }
      this.#set({ status: 'idle', error: undefined });
    } catch (error) {
      if (this.#state.status !== 'reading') return;
      if (signal.aborted) this.#set({ status: 'idle', error: undefined });
      else this.#set({ status: 'failed', error: error as Error });
    }
  }

  /** Which place should be read now. */
  #next(): 'older' | 'unread' | undefined {
    const { origin, older, unreadAt } = this.#window;
    const { first, last } = this.#seen;
    if (unreadAt !== undefined && last + NEAR >= unreadAt && first <= unreadAt) return 'unread';
    return first - NEAR < origin && !older.isEnd && older.until !== undefined ? 'older' : undefined;
  }

  async #readOlder(signal: AbortSignal): Promise<void> {
    const { until } = this.#window.older;
    const page = await this.#source.page({ until: until ?? END, limit: OLDER_PAGE, signal });
    // Meanwhile the oldest rows may have been left out, and the page would not join.
    if (this.#window.older.until === until) this.#window.prepend(this.#admitted(page.rows), page.earlier);
  }

  async #readUnread(signal: AbortSignal): Promise<void> {
    const { unreadAfter: since, unreadLast: last } = this.#window;
    if (since === undefined || last === undefined) return;
    const page = await this.#source.page({ since, limit: UNREAD_PAGE, signal });
    if (this.#window.unreadAfter !== since) return;
    const rows = page.rows.filter((row) => row.kind === 'gap' || !isAfter(row, last));
    const isWhole = !page.more || compareCursors(page.cursor, last) >= 0;
    this.#window.fill(this.#admitted(rows), page.cursor, isWhole);
  }

  #admitted(rows: readonly (EventRow | GapRow)[]): (EventRow | GapRow)[] {
    return rows.filter((row) => row.kind === 'gap' || this.#admits(row) === undefined);
  }

  #set(state: PastState): void {
    this.#state = state;
    this.#changed();
  }
}

function isAfter({ id }: EventRow, last: string): boolean {
  return id !== undefined && compareCursors(id, last) > 0;
}
