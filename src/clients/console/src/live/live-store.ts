import type { Item } from '../../../sdk/item.ts';
import type { admission } from './event-admission.ts';
import { EventFeed } from './event-feed.ts';
import type { EventSource, HistoryPage } from './event-source.ts';
import { EventWindow } from './event-window.ts';
import { viewOf, type LiveView } from './live-view.ts';
import { PastReader } from './past-reader.ts';
import { RateMeter } from './rate-meter.ts';
import { rowOf, type EventRow, type MarkRow, type ShownRow } from './rows.ts';

/** What the held rows may take, in characters. It is more than a minute of a thousand small events a second. */
const HELD_MAX_CHARS = 32 * 1024 * 1024;
const RATE_SECONDS = 180;
/** After a longer absence the end is shown at once. All that came meanwhile is read only if somebody scrolls there. */
const AWAY_MS = 30_000;

export interface LiveStoreParts {
  readonly source: EventSource;
  readonly admits: ReturnType<typeof admission>;
  /** Calls back before the next frame is drawn. */
  readonly nextFrame: (run: () => void) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly maxChars?: number;
}

/**
 * The events of one query: the newest ones of the history, then each that comes, and what is older when somebody scrolls there.
 * Nothing is lost and nothing stands twice, whether the end is shown, another place, or a pause.
 */
export class LiveStore {
  readonly rate: RateMeter;
  readonly #parts: LiveStoreParts;
  readonly #window: EventWindow;
  readonly #past: PastReader;
  readonly #feed: EventFeed;
  readonly #hidden = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #view: LiveView;
  #isPlanned = false;
  #isFollowing = true;
  #isPaused = false;
  /** Present during a pause; it stands in the list once an event has come. */
  #mark: MarkRow | undefined;
  #waiting = 0;
  #shownEnd = 0;
  #seen = { first: 0, last: 0 };

  constructor(parts: LiveStoreParts) {
    const { source, admits, now } = parts;
    this.#parts = parts;
    this.#window = new EventWindow(parts.maxChars ?? HELD_MAX_CHARS);
    this.#past = new PastReader(source, this.#window, admits, this.#changed);
    const target = {
      begin: this.#begin,
      take: this.#take,
      resume: this.#resume,
      changed: this.#changed,
    };
    this.#feed = new EventFeed(source, target, now);
    this.rate = new RateMeter(RATE_SECONDS, now());
    this.#view = this.#newView();
  }

  /** What is shown. It is a new object with each frame in which something changed. */
  readonly view = (): LiveView => this.#view;

  readonly onChange = (tell: () => void): (() => void) => {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  };

  /** The row at a position. */
  at(position: number): ShownRow | undefined {
    return this.#window.at(position);
  }

  /** Begins, or goes on after `stop` from where it was. */
  start(): void {
    this.#feed.start();
  }

  /** Listens no more. What is held stays. */
  stop(): void {
    this.#feed.stop();
  }

  /** Tries again, after the hub has refused something. */
  retry(): void {
    this.#past.retry();
    this.#feed.retry();
  }

  /** Notes which positions are on the screen, and whether the end is one of them. */
  look(first: number, last: number, isAtEnd: boolean): void {
    this.#seen = { first, last };
    if (this.#isPaused || !isAtEnd) {
      this.#leaveEnd();
      this.#window.look(first, last);
    } else if (!this.#isFollowing) this.follow();
    this.#past.look(first, last, this.#feed.signal);
  }

  /** Stays at what is on the screen, since somebody reads there. */
  hold(): void {
    this.look(this.#seen.first, this.#seen.last, false);
  }

  /** Shows the end from now on. A pause is over. */
  follow(): void {
    if (this.#mark !== undefined) this.#mark.to = this.#parts.now();
    this.#mark = undefined;
    this.#isPaused = false;
    this.#isFollowing = true;
    this.#waiting = 0;
    this.#window.follow();
    this.#changed();
  }

  /** Shows what is shown now, until `follow`. What comes is counted and held, or else its place in the history is. */
  pause(): void {
    if (this.#isPaused) return;
    this.#leaveEnd();
    this.#isPaused = true;
    this.#shownEnd = this.#window.end;
    this.#mark = { kind: 'mark', why: 'paused', from: this.#parts.now(), to: undefined, count: 0 };
    this.#window.look(this.#seen.first, this.#seen.last);
    this.#changed();
  }

  /** Begins with an empty list. What was is still in the history. */
  clear(): void {
    this.follow();
    this.#window.clear();
    this.#past.close();
    this.#hidden.clear();
    this.#changed();
  }

  /** Shows older events again, after `clear`. */
  openPast(): void {
    this.#past.open();
    this.#past.look(this.#seen.first, this.#seen.last, this.#feed.signal);
  }

  #leaveEnd(): void {
    if (!this.#isFollowing) return;
    this.#isFollowing = false;
    this.#waiting = 0;
    this.#changed();
  }

  readonly #begin = ({ rows, earlier, cursor }: HistoryPage): void => {
    const shown = rows.filter((row) => row.kind === 'gap' || !this.#refuses(row));
    this.#window.begin(shown, earlier, cursor);
    this.#changed();
  };

  readonly #take = (item: Item): void => {
    const row = rowOf(item);
    this.#changed();
    if (row.kind === 'gap') return this.#window.append(row);
    if (this.#refuses(row, item.gap === undefined ? item.type : undefined)) return;
    this.rate.add(1, this.#parts.now());
    if (!this.#isFollowing) this.#waiting++;
    if (this.#mark !== undefined && this.#mark.count++ === 0) this.#window.append(this.#mark);
    this.#window.append(row);
  };

  /** Whether an event is not shown. Hidden ones are counted. */
  #refuses(row: EventRow, type?: string): boolean {
    const refusal = this.#parts.admits(row, type);
    if (typeof refusal === 'object')
      this.#hidden.set(refusal.hidden, (this.#hidden.get(refusal.hidden) ?? 0) + 1);
    return refusal !== undefined;
  }

  readonly #resume = (from: number): 'where it was' | 'anew' => {
    if (this.#isFollowing && this.#parts.now() - from > AWAY_MS) {
      this.#window.clear();
      return 'anew';
    }
    this.#window.append({ kind: 'mark', why: 'away', from, to: this.#parts.now(), count: 0 });
    this.#changed();
    return 'where it was';
  };

  readonly #changed = (): void => {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#parts.nextFrame(() => {
      this.#isPlanned = false;
      this.#view = this.#newView();
      for (const tell of this.#listeners) tell();
    });
  };

  #newView(): LiveView {
    const { status, error } = this.#feed;
    return viewOf(this.#window, this.#past, {
      status,
      error,
      isFollowing: this.#isFollowing,
      isPaused: this.#isPaused,
      waiting: this.#waiting,
      shownEnd: this.#isPaused ? this.#shownEnd : undefined,
      hidden: [...this.#hidden],
    });
  }
}
