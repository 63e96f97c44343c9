import type { Socket } from 'node:net';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';

const TICK_MS = 1_000;
const SLOTS = 64;

/** A client reads the bytes before a ping first. A client that reads more slowly than this counts as gone. */
const READS_A_SECOND = bound(
  'bytes that a client reads in a second before it answers a ping',
  12_000,
  'bytes',
  'the client has a second more to answer for each so many that were sent before the ping',
);
/** Only a client that answers several pings at once can have more pings than this under way. */
const PINGS_MAX = bound(
  'pings of a socket that wait for an answer',
  64,
  'entries',
  'the oldest no longer counts',
);

/** The traffic of a socket, as Node counts it. */
export type Traffic = Pick<Socket, 'bytesRead' | 'bytesWritten' | 'writableLength'>;

/** The part of a connection that the heartbeat needs. */
export interface Pingable {
  readonly heartbeat: { readonly pingMs: number; readonly pongWaitMs: number };
  /** Absent for a connection that never answers anything. */
  readonly traffic?: Traffic | undefined;
  ping(): void;
  /** Called when the connection gave no sign of life in time. */
  cut(): void;
}

/** What the heartbeat knows of one connection. Times are ticks of the wheel, sizes are bytes. */
export class HeartbeatEntry {
  readonly pingable: Pingable;
  nextPing: number;
  /** Where the wheel holds it. */
  slot = 0;
  /** When the connection gave its last sign of life. */
  heardAt: number;
  /**
   * Bytes at the last look: those received, those that had left the queue of the socket, and those still in the queue.
   */
  #read = 0;
  #left = 0;
  #queued = 0;
  /** How many bytes had been written at the last ping that was answered, and at each ping since, in order. */
  #answered: number;
  #unanswered: number[] | undefined;

  constructor(pingable: Pingable, now: number) {
    this.pingable = pingable;
    this.heardAt = now;
    this.nextPing = now + ticks(pingable.heartbeat.pingMs);
    this.#answered = this.#written;
    // The answer to the handshake may still wait in the socket. That it leaves is no sign of life.
    this.#read = pingable.traffic?.bytesRead ?? 0;
  }

  /** Received bytes are a sign of life even before they make a whole frame. A queue that becomes shorter is one too. */
  look(now: number): void {
    const { traffic } = this.pingable;
    if (traffic === undefined) return;
    const left = traffic.bytesWritten - traffic.writableLength;
    if (traffic.bytesRead !== this.#read || (this.#queued > 0 && left > this.#left)) this.heardAt = now;
    this.#read = traffic.bytesRead;
    this.#left = left;
    this.#queued = traffic.writableLength;
  }

  ping(now: number): void {
    this.nextPing = now + ticks(this.pingable.heartbeat.pingMs);
    this.pingable.ping();
    this.#unanswered ??= [];
    if (this.#unanswered.push(this.#written) > PINGS_MAX) this.#unanswered.shift();
  }

  pong(now: number): void {
    this.heardAt = now;
    this.#answered = this.#unanswered?.shift() ?? this.#answered;
    // Most clients have answered every ping, so they need no list.
    if (this.#unanswered?.length === 0) this.#unanswered = undefined;
  }

  /**
   * When the connection counts as gone without another sign of life. Bytes that the client may still be reading give
   * it more time.
   */
  get cutAt(): number {
    const unread = this.#written - this.#answered;
    const reading = Math.floor((unread / READS_A_SECOND) * (1_000 / TICK_MS));
    return this.heardAt + ticks(this.pingable.heartbeat.pongWaitMs) + reading;
  }

  get #written(): number {
    return this.pingable.traffic?.bytesWritten ?? 0;
  }
}

/**
 * Pings every connection at its interval and cuts those that give no sign of life in time, with one timer for all. The
 * wheel counts its own ticks and not the clock. So a process that was stopped for a while does not cut everybody when
 * it wakes up, before it has read the pongs that wait in its sockets.
 */
export class Heartbeat {
  readonly #slots: Set<HeartbeatEntry>[] = Array.from({ length: SLOTS }, () => new Set<HeartbeatEntry>());
  readonly #clock: Clock;
  #tick = 0;
  #stop = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#stop = this.#clock.every(TICK_MS, () => this.#turn());
  }

  stop(): void {
    this.#stop();
  }

  /** Cuts every connection that is left. */
  cutAll(): void {
    for (const slot of this.#slots) for (const { pingable } of slot) pingable.cut();
  }

  add(pingable: Pingable): HeartbeatEntry {
    const entry = new HeartbeatEntry(pingable, this.#tick);
    this.#schedule(entry);
    return entry;
  }

  /** The connection sent a frame of any kind. */
  heard(entry: HeartbeatEntry): void {
    entry.heardAt = this.#tick;
  }

  pong(entry: HeartbeatEntry): void {
    entry.pong(this.#tick);
  }

  remove(entry: HeartbeatEntry): void {
    this.#slots[entry.slot]?.delete(entry);
  }

  #turn(): void {
    this.#tick++;
    const slot = this.#slots[this.#tick % SLOTS];
    if (slot === undefined || slot.size === 0) return;
    const due = [...slot];
    slot.clear();
    for (const entry of due) this.#visit(entry);
  }

  #visit(entry: HeartbeatEntry): void {
    entry.look(this.#tick);
    if (entry.cutAt <= this.#tick) return entry.pingable.cut();
    if (entry.nextPing <= this.#tick) entry.ping(this.#tick);
    this.#schedule(entry);
  }

  /** Puts the entry into a slot. An entry that is due in more than one round of the wheel is looked at in between. */
  #schedule(entry: HeartbeatEntry): void {
    const due = Math.min(entry.nextPing, entry.cutAt, this.#tick + SLOTS - 1);
    entry.slot = Math.max(due, this.#tick + 1) % SLOTS;
    this.#slots[entry.slot]?.add(entry);
  }
}

function ticks(ms: number): number {
  return Math.ceil(ms / TICK_MS);
}
