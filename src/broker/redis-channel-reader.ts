import type { OnReadOpts, Socket } from 'node:net';
import { systemClock, type Clock } from '../model/clock.ts';
import { ReadPacer } from './redis-read-pacer.ts';
import { endOfValue } from './redis-resp.ts';
import type { SocketReader } from './redis-socket.ts';

/** What one read of a socket takes at most, unless a message is larger. */
const READ_BYTES = 65_536;
const ZERO = 48;
const NINE = 57;
const CR_LF = 2;

/**
 * Takes a message of a channel, in one character for each byte. Returns whether anybody on this node wanted an event of
 * it. It must not throw.
 */
export type Hear = (message: string) => boolean;

/** A channel, and who hears it. The messages of a channel of one shard of a Cluster come as `smessage`. */
export interface Channel {
  readonly kind: 'message' | 'smessage';
  readonly name: string;
  readonly hear: Hear;
}

type ReaderClock = Pick<Clock, 'after' | 'elapsed'>;

/**
 * Reads the messages of some channels from the socket of a connection, past ioredis, for which one message costs more
 * than all that a node does with it. It makes no objects but the message itself. Everything else that Redis says goes to
 * ioredis, in order, as `data` of the socket.
 */
export class ChannelReader {
  readonly #channels: KnownChannel[] = [];
  readonly #clock: ReaderClock;

  constructor(clock: ReaderClock = systemClock) {
    this.#clock = clock;
  }

  add(channels: readonly Channel[]): void {
    for (const { kind, name, hear } of channels) this.#channels.push({ head: headOf(kind, name), hear });
  }

  /** The messages of these channels go to ioredis from now on. */
  remove(channels: readonly Channel[]): void {
    for (const { hear } of channels) {
      const place = this.#channels.findIndex((known) => known.hear === hear);
      if (place >= 0) this.#channels.splice(place, 1);
    }
  }

  /** The reader of a new socket. */
  open(): SocketReader {
    return new ChannelSocketReader(this.#channels, this.#clock);
  }
}

interface KnownChannel {
  /** What stands before the length of each of its messages, but for the first byte. */
  readonly head: Buffer;
  readonly hear: Hear;
}

/** The first byte is `>` in version 3 of the protocol and `*` in version 2. */
function headOf(kind: Channel['kind'], name: string): Buffer {
  return Buffer.from(`3\r\n$${kind.length}\r\n${kind}\r\n$${Buffer.byteLength(name)}\r\n${name}\r\n$`);
}

class ChannelSocketReader implements SocketReader {
  readonly onread: OnReadOpts;
  readonly #channels: readonly KnownChannel[];
  readonly #clock: ReaderClock;
  readonly #pacer = new ReadPacer();
  #socket: Socket | undefined;
  #bytes = Buffer.allocUnsafeSlow(READ_BYTES);
  /** How many bytes at the beginning are a value that is not complete. */
  #kept = 0;
  /** Where the next read goes. */
  #room = this.#bytes;

  constructor(channels: readonly KnownChannel[], clock: ReaderClock) {
    this.#channels = channels;
    this.#clock = clock;
    this.onread = { buffer: () => this.#room, callback: (count) => this.#read(count) };
  }

  begin(socket: Socket): void {
    this.#socket = socket;
  }

  /** Returns `false` where the socket is to rest. */
  #read(count: number): boolean {
    const end = this.#kept + count;
    const isFull = count === this.#room.length;
    let at = 0;
    while (at < end) {
      const next = this.#take(at, end);
      if (next === undefined) break;
      at = next;
    }
    this.#keep(at, end);
    const restMs = this.#pacer.afterRead(this.#clock.elapsed(), isFull);
    if (restMs === 0) return true;
    this.#clock.after(restMs, this.#resume);
    return false;
  }

  readonly #resume = (): void => {
    if (this.#socket?.destroyed === false) this.#socket.resume();
  };

  /** Takes the value that begins at a place, and returns where it ends; `undefined` where it is not complete. */
  #take(at: number, end: number): number | undefined {
    for (const { head, hear } of this.#channels) {
      if (!this.#has(head, at + 1, end)) continue;
      let length = 0;
      let digit = at + 1 + head.length;
      for (; digit < end && isDigit(this.#bytes[digit]); digit++)
        length = length * 10 + (this.#bytes[digit] ?? ZERO) - ZERO;
      const begin = digit + CR_LF;
      const after = begin + length + CR_LF;
      if (after > end) return undefined;
      this.#pacer.heard(hear(this.#bytes.toString('latin1', begin, begin + length)));
      return after;
    }
    const after = endOfValue(this.#bytes, at, end);
    if (after === undefined) return undefined;
    // ioredis ends a connection that does not speak the protocol.
    const to = Number.isNaN(after) ? end : after;
    // The next read overwrites the bytes, and ioredis may keep what it was given.
    this.#socket?.emit('data', Buffer.from(this.#bytes.subarray(at, to)));
    return to;
  }

  #has(head: Buffer, at: number, end: number): boolean {
    if (at + head.length > end) return false;
    for (let i = head.length - 1; i >= 0; i--) if (this.#bytes[at + i] !== head[i]) return false;
    return true;
  }

  /** Keeps what is not complete for the next read, which gets more room where that fills all of it. */
  #keep(at: number, end: number): void {
    const kept = end - at;
    if (kept === 0 && this.#kept === 0) return;
    let size = READ_BYTES;
    while (size < kept * 2) size *= 2;
    const bytes = size === this.#bytes.length ? this.#bytes : Buffer.allocUnsafeSlow(size);
    if (at > 0 || bytes !== this.#bytes) this.#bytes.copy(bytes, 0, at, end);
    this.#bytes = bytes;
    this.#kept = kept;
    this.#room = kept === 0 ? bytes : bytes.subarray(kept);
  }
}

function isDigit(byte = 0): boolean {
  return byte >= ZERO && byte <= NINE;
}
