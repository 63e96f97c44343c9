import type { Logger } from 'pino';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import type { BrokerStats } from './broker.ts';
import { readMessage, type LogEntry } from './redis-log-entry.ts';
import type { EntryPage, LogReader } from './redis-log-reader.ts';
import type { EventDecoder, Source } from './redis-event-decoder.ts';
import { LogDivergence } from './redis-log-divergence.ts';

const FORGOTTEN = 'only the latest is kept, and the log read again, which has the others';
const MAX_HELD = bound('messages kept while the log is read', 1_000, 'entries', FORGOTTEN);
const MAX_HELD_BYTES = bound('bytes of messages kept while the log is read', 8_388_608, 'bytes', FORGOTTEN);

const STALLED_MS = bound(
  'time in which a node that reads the log gets no further',
  3_000,
  'ms',
  '`/readyz` answers 503 until it does',
);

export interface LogFollowerOptions {
  readonly log: Pick<LogReader, 'last' | 'page'>;
  readonly reader: EventDecoder;
  readonly deliver: (event: HubEvent) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Delivers the log from one place on: each entry once, in order. Messages of the channel are taken as they come for as
 * long as each names the one before it; at any gap the log itself is read, and the channel followed again from where
 * that ends. What neither has any more is told as a `belfry.gap` event.
 */
export class LogFollower {
  readonly #log: Pick<LogReader, 'last' | 'page'>;
  readonly #reader: EventDecoder;
  readonly #deliver: (event: HubEvent) => void;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** The last entry that was delivered or passed over; `undefined` until the first {@link catchUp}. */
  #position: Cursor | undefined;
  #following = false;
  #held: LogEntry[] = [];
  #heldBytes = 0;
  #catchingUp: Promise<void> | undefined;
  #again = false;
  /** Whether the channel is to be followed once the log is read: what was asked for last. */
  #wantsToFollow = false;
  /** When the log was last found to be missing something, or gave some of it. */
  #movedAt = 0;
  readonly #trail = new LogDivergence();
  /** Whether something may be missing, or is; found once, however often the log cannot be read. */
  #gap: 'none' | 'open' | 'lost' = 'none';
  #gapsDetected = 0;
  #gapsRepaired = 0;

  constructor({ log, reader, deliver, clock, logger }: LogFollowerOptions) {
    this.#log = log;
    this.#reader = reader;
    this.#deliver = deliver;
    this.#clock = clock;
    this.#logger = logger;
  }

  get position(): Cursor {
    return this.#position ?? START;
  }

  /** Follows the channel, reads the log, reads it and gets no further, or waits for {@link catchUp}. */
  get state(): 'following' | 'reading' | 'stalled' | 'paused' {
    if (this.#catchingUp === undefined) return this.#following ? 'following' : 'paused';
    return this.#clock.elapsed() - this.#movedAt < STALLED_MS ? 'reading' : 'stalled';
  }

  get gaps(): Pick<BrokerStats, 'gapsDetected' | 'gapsRepaired'> {
    return { gapsDetected: this.#gapsDetected, gapsRepaired: this.#gapsRepaired };
  }

  /**
   * A message of the channel on which nodes tell each other what the log took, `<previous> <id> <event>`, or a bare event
   * of their registry that it did not take.
   */
  hear(message: Buffer): void {
    const entry = readMessage(message);
    if (entry !== undefined) return this.#hearEntry(entry);
    const event = this.#reader.told(message);
    if (event !== undefined) this.#deliver(event);
  }

  /** A message of the channel for everybody: a bare event, or a list of them, that enters no log. */
  hearLive(message: Buffer): void {
    for (const event of this.#reader.live(message)) this.#deliver(event);
  }

  /** Messages may have been missed: until the next {@link catchUp} what is heard is held back. */
  pause(): void {
    this.#following = false;
    this.#wantsToFollow = false;
    this.#trail.break();
  }

  /** The log ends before the position: unless it was lost, the channel has told what never was in it. */
  suspect(): void {
    this.#trail.suspect();
  }

  /**
   * Delivers what the log holds after the position, then follows the channel. The first time, takes the end of the log
   * as the position. Rejects when the log cannot be read; it is then paused, and wants to be called again. So it is when
   * {@link pause} was called meanwhile.
   */
  catchUp(): Promise<void> {
    if (this.#following || this.#position === undefined) this.#movedAt = this.#clock.elapsed();
    this.#following = false;
    this.#wantsToFollow = true;
    this.#again = true;
    if (this.#gap === 'none' && this.#position !== undefined) {
      this.#gap = 'open';
      this.#gapsDetected++;
    }
    return (this.#catchingUp ??= this.#catchUp());
  }

  async #catchUp(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#readOn();
        if (!this.#again && this.#wantsToFollow) this.#follow();
      } while (this.#again);
    } finally {
      // In the same turn as the last look at `#again`, so that no call falls between the two.
      this.#catchingUp = undefined;
    }
  }

  async #readOn(): Promise<void> {
    const last = await this.#log.last();
    if (this.#position === undefined) {
      this.#position = last;
      return;
    }
    if (this.#trail.isSuspect) await this.#goBack(last);
    if (compareCursors(last, this.#position) < 0) this.#tellGap(last, 'log lost');
    await this.#readPages(this.#position);
    if (compareCursors(last, this.position) > 0) this.#tellGap(last, 'trimmed');
  }

  /** Delivers each page as it comes; the next one is on its way meanwhile. */
  async #readPages(from: Cursor): Promise<void> {
    let next: Promise<EntryPage> | undefined = this.#log.page(from);
    while (next !== undefined) {
      const { entries, isLast }: EntryPage = await next;
      this.#movedAt = this.#clock.elapsed();
      const end: Cursor | undefined = entries.at(-1)?.id;
      next = isLast || end === undefined ? undefined : this.#log.page(end);
      for (const entry of entries) this.#take('log', entry);
    }
  }

  /** So that what follows the place that the channel told truly is neither lost nor doubled. */
  async #goBack(last: Cursor): Promise<void> {
    const to = await this.#trail.lastHeld(this.#log, last);
    if (to === undefined || to === this.#position) return;
    this.#logger.warn({ from: this.#position, to }, 'the channel told of events that the log does not hold');
    this.#position = to;
    this.#reader.breakOff();
  }

  #follow(): void {
    this.#following = true;
    this.#trail.begin(this.position);
    if (this.#gap === 'open') this.#gapsRepaired++;
    this.#gap = 'none';
    for (const entry of this.#takeHeld()) this.#hearEntry(entry);
  }

  #hearEntry(entry: LogEntry): void {
    if (!this.#following) return this.#hold(entry);
    if (entry.previous === this.#position) {
      this.#trail.add(entry.id);
      return this.#take('channel', entry);
    }
    this.#trail.suspect();
    // When the log cannot be read the feed stays paused, and whoever watches over it calls again.
    if (this.#trail.isSuspect || this.#isNews(entry)) this.catchUp().catch(() => undefined);
  }

  /** A log that began anew may number from the past, if the clock of Redis was set back. */
  #isNews({ id, previous }: LogEntry): boolean {
    return compareCursors(id, this.position) > 0 || (previous === START && id !== this.#position);
  }

  /** Delivers one entry and moves on past it, past rejected input as well. */
  #take(source: Source, entry: LogEntry): void {
    const { id, previous } = entry;
    if (previous !== undefined) {
      const order = compareCursors(previous, this.position);
      if (order !== 0) this.#tellGap(previous, order > 0 ? 'trimmed' : 'log lost');
      this.#position = id;
    }
    const event = this.#reader.entry(source, entry);
    if (event !== undefined) this.#deliver(event);
  }

  /** Nothing is known of what lay between the position and `to`; delivery goes on from there. */
  #tellGap(to: Cursor, reason: 'trimmed' | 'log lost'): void {
    const from = this.position;
    this.#logger.warn({ from, to, reason }, 'events may be missing: the log does not hold them');
    this.#position = to;
    this.#gap = 'lost';
    this.#reader.breakOff();
    const time = new Date(this.#clock.now()).toISOString();
    const object = { from, to, reason };
    this.#deliver({ time, type: HUB_TYPE, action: 'gap', key: from, object, size: 0 });
  }

  /** A copy, since the body is a part of the whole that came with it from the socket. */
  #hold(received: LogEntry): void {
    const entry = { ...received, body: copyOf(received.body) };
    this.#held.push(entry);
    this.#heldBytes += entry.body.length;
    if (this.#held.length <= MAX_HELD && this.#heldBytes <= MAX_HELD_BYTES) return;
    this.#held = [entry];
    this.#heldBytes = entry.body.length;
  }

  #takeHeld(): LogEntry[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
}

/** On memory of its own: a part of a pool would keep all of that. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
