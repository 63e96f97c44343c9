import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { compareCursors, isStart, startOf, type Cursor } from '../model/cursor.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import type { BrokerStats, Deliver } from './broker.ts';
import { isLogged, isOfAnotherVersion, readMessage, type Logged } from './redis-channel-message.ts';
import type { LogEntry } from './redis-log-entry.ts';
import type { LogReader } from './redis-log-reader.ts';
import { GapRepair } from './redis-gap-repair.ts';
import type { EventDecoder } from './redis-event-decoder.ts';
import { HeldMessages } from './redis-held-messages.ts';
import { LogDivergence } from './redis-log-divergence.ts';

export interface LogFollowerOptions {
  /** The shard whose log is followed; 0 if absent. */
  readonly shard?: number;
  readonly log: Pick<LogReader, 'last' | 'page'>;
  readonly reader: EventDecoder;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The position at which it begins; the end of the log if absent. */
  readonly from?: Cursor | undefined;
}

/**
 * Follows the log from one position on: it delivers each entry once, in order. It takes messages of the channel as
 * they come, as long as each names the one before it. At a gap {@link GapRepair} reads the log itself, and it follows
 * the channel again from the end of the log. What the log does not hold any more it tells as a `belfry.gap` event.
 */
export class LogFollower {
  readonly #shard: number;
  readonly #log: Pick<LogReader, 'last' | 'page'>;
  readonly #reader: EventDecoder;
  readonly #deliver: Deliver;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** The last entry that was delivered or skipped; `undefined` until the first {@link catchUp}. */
  #position: Cursor | undefined;
  #following = false;
  readonly #held = new HeldMessages();
  readonly #divergence = new LogDivergence();
  readonly #repair: GapRepair;

  constructor({ shard = 0, log, reader, deliver, clock, logger, from }: LogFollowerOptions) {
    this.#position = from;
    this.#shard = shard;
    this.#log = log;
    this.#reader = reader;
    this.#deliver = deliver;
    this.#clock = clock;
    this.#logger = logger;
    this.#repair = new GapRepair(log, clock, {
      begin: (last) => this.#readFrom(last),
      take: (entry) => this.#takeEntry(entry),
      end: (last) => {
        if (compareCursors(last, this.position) > 0) this.#tellGap(last, 'trimmed');
      },
      follow: () => this.#follow(),
    });
  }

  get position(): Cursor {
    return this.#position ?? startOf(this.#shard);
  }

  /**
   * Whether it follows the channel, reads the log, reads the log without progress (`stalled`), or waits for {@link
   * catchUp}.
   */
  get state(): 'following' | 'reading' | 'stalled' | 'paused' {
    const { state } = this.#repair;
    if (state !== 'idle') return state;
    return this.#following ? 'following' : 'paused';
  }

  get gaps(): Pick<BrokerStats, 'gapsDetected' | 'gapsRepaired'> {
    return this.#repair.gaps;
  }

  /**
   * Takes a message of the channel between nodes. One that this version does not know may tell of entries of the log, so
   * the log is read instead. Returns whether anybody waits for what follows: a client wanted an event of the message, or
   * the log is read.
   */
  hear(message: string): boolean {
    if (isOfAnotherVersion(message)) {
      this.#reader.rejectMessage();
      this.#readInstead();
      return true;
    }
    const told = readMessage(message);
    if (told === undefined) {
      // The next message shows whether it told of an entry of the log.
      this.#reader.rejectMessage();
      return true;
    }
    let isWanted = false;
    for (const each of told) {
      const wants = isLogged(each) ? this.#hearEntry(each) : this.#deliverAny(this.#reader.told(each));
      isWanted ||= wants;
    }
    return isWanted;
  }

  /**
   * Takes a message of the live channel: an event, or a list of events, that is not in the log. Returns whether any client
   * wanted one of them.
   */
  hearLive(message: string): boolean {
    let isWanted = false;
    for (const event of this.#reader.live(message)) isWanted = this.#deliver(event) || isWanted;
    return isWanted;
  }

  /** Called when messages may have been missed: until the next {@link catchUp} messages are held back. */
  pause(): void {
    this.#following = false;
    this.#repair.pause();
    this.#divergence.break();
  }

  /**
   * Called when the log ends before our position: unless the log was lost, the channel has told entries that never
   * were in the log.
   */
  suspect(): void {
    this.#divergence.suspect();
  }

  /**
   * Delivers what the log holds after the position, then follows the channel. The first call takes the end of the log
   * as the position. When the log cannot be read this rejects; the follower is then paused, and this must be called
   * again. The same holds when {@link pause} is called in the meantime.
   */
  catchUp(): Promise<void> {
    const hasPosition = this.#position !== undefined;
    const isNew = this.#following || !hasPosition;
    this.#following = false;
    return this.#repair.run(isNew, hasPosition);
  }

  async #readFrom(last: Cursor): Promise<Cursor | undefined> {
    if (this.#position === undefined) {
      this.#position = last;
      return undefined;
    }
    if (this.#divergence.isSuspect) await this.#goBack(last);
    if (compareCursors(last, this.#position) < 0) this.#tellGap(last, 'log lost');
    return this.#position;
  }

  /**
   * Goes back to the last position that the channel told and the log holds, so that entries after it are neither lost
   * nor delivered twice. What the channel told beyond it was delivered, and its publisher may publish it again: so a master
   * that was replaced while it hung tells of what it finds in its sockets when it goes on.
   */
  async #goBack(last: Cursor): Promise<void> {
    const to = await this.#divergence.lastHeld(this.#log, last);
    if (to !== undefined && to !== this.#position) this.#tellGap(to, 'log lost');
  }

  #follow(): void {
    this.#following = true;
    this.#divergence.begin(this.position);
    for (const entry of this.#held.takeAll()) this.#hearEntry(entry);
  }

  #hearEntry(entry: Logged): boolean {
    if (!this.#following) {
      this.#held.add(entry);
      return true;
    }
    if (entry.previous === this.#position) {
      this.#divergence.add(entry.id);
      this.#position = entry.id;
      return this.#deliverAny(this.#reader.told(entry));
    }
    this.#divergence.suspect();
    if (this.#divergence.isSuspect || this.#isNews(entry)) this.#readInstead();
    return true;
  }

  /** When the log cannot be read the follower stays paused, and the watch of the broker calls again. */
  #readInstead(): void {
    this.catchUp().catch(() => undefined);
  }

  /** Whether an entry can be new. A log that began anew may use earlier ids, if the clock of Redis was set back. */
  #isNews({ id, previous }: Logged): boolean {
    return compareCursors(id, this.position) > 0 || (isStart(previous) && id !== this.#position);
  }

  /** Delivers one entry of the log and moves the position past it; a rejected entry is skipped. */
  #takeEntry(entry: LogEntry): void {
    const { id, previous } = entry;
    if (previous !== undefined) {
      const order = compareCursors(previous, this.position);
      if (order !== 0) this.#tellGap(previous, order > 0 ? 'trimmed' : 'log lost');
      this.#position = id;
    }
    this.#deliverAny(this.#reader.entry('log', entry));
  }

  #deliverAny(event: HubEvent | undefined): boolean {
    return event !== undefined && this.#deliver(event);
  }

  /** Tells that the entries between the position and `to` are unknown; delivery goes on from `to`. */
  #tellGap(to: Cursor, reason: 'trimmed' | 'log lost'): void {
    const from = this.position;
    this.#logger.warn({ from, to, reason }, 'events may be missing: the log does not hold them');
    this.#position = to;
    this.#repair.lost();
    this.#reader.breakOff();
    const time = new Date(this.#clock.now()).toISOString();
    const object = { from, to, reason };
    this.#deliver({ time, type: HUB_TYPE, action: 'gap', key: from, object, size: 0 });
  }
}
