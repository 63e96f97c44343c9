import { constants, inflateRawSync } from 'node:zlib';
import { Histogram } from './histogram.ts';
import { isMark, MARK, MARK_BYTES, readMark } from './mark.ts';

const OPCODE = 0x0f;
/** RSV1, which permessage-deflate (RFC 7692) sets on a compressed message. */
const COMPRESSED = 0x40;
const LENGTH = 0x7f;
/** A flush ends the deflate stream with these bytes, and a compressed message leaves them out (RFC 7692, 7.2.1). */
const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What many sockets received together. */
export class Tally {
  /** The time of the read that is being counted, in microseconds. */
  now = 0;
  frames = 0;
  events = 0;
  bytes = 0;
  /** The time from the mark in an event to the read that brought the event, in microseconds. */
  readonly latency = new Histogram();

  clear(): void {
    this.frames = 0;
    this.events = 0;
    this.bytes = 0;
    this.latency.clear();
  }
}

export interface FrameReaderOptions {
  readonly tally: Tally;
  /** It is called with each frame that holds no event. The payload is valid only during the call. */
  readonly other: (opcode: number, payload: Buffer) => void;
  /** Whether the reader looks for more than one event in a frame. */
  readonly batches?: boolean;
  /**
   * Whether compressed frames are inflated. A compressed frame that is not inflated counts as one event without a
   * latency.
   */
  readonly inflates?: boolean;
}

/**
 * Counts the events in the raw bytes of a server's WebSocket frames, by the headers of the frames and the mark in each
 * event. It parses no JSON, copies nothing and allocates nothing for a frame.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #tally: Tally;
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | undefined;
  /**
   * The distance from the mark of the last event to the end of its frame. It is mostly the same, since the parts of
   * varying width stand before the mark.
   */
  #markFromEnd = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#tally = options.tally;
  }

  /** Reads the next bytes, which may be cut anywhere. The caller may overwrite them afterwards. */
  take(chunk: Buffer): void {
    this.#tally.bytes += chunk.length;
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let start = 0;
    while (start < bytes.length) {
      const payload = payloadStart(bytes, start);
      const end = payload + payloadLength(bytes, start);
      if (!(end <= bytes.length)) {
        this.#rest = Buffer.from(bytes.subarray(start));
        return;
      }
      this.#frame(bytes, start, payload, end);
      start = end;
    }
  }

  #frame(bytes: Buffer, start: number, payload: number, end: number): void {
    const first = bytes[start] ?? 0;
    if ((first & COMPRESSED) !== 0) return this.#compressed(bytes.subarray(payload, end));
    const mark = end - this.#markFromEnd;
    if (mark >= payload && isMark(bytes, mark)) this.#event(bytes, mark);
    else if (!this.#search(bytes, payload, end)) {
      this.#options.other(first & OPCODE, bytes.subarray(payload, end));
      return;
    }
    this.#tally.frames++;
    if (this.#options.batches === true) this.#batch(bytes, payload, end - this.#markFromEnd);
  }

  #search(bytes: Buffer, payload: number, end: number): boolean {
    if (end - payload < MARK_BYTES) return false;
    const found = bytes.subarray(payload, end).lastIndexOf(MARK);
    if (found < 0) return false;
    this.#markFromEnd = end - payload - found;
    this.#event(bytes, payload + found);
    return true;
  }

  /** The other events of the frame, which stand before the one that was found. */
  #batch(bytes: Buffer, payload: number, last: number): void {
    const text = bytes.subarray(payload, last);
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + MARK_BYTES))
      this.#event(text, at);
  }

  #event(bytes: Buffer, mark: number): void {
    this.#tally.events++;
    this.#tally.latency.record(this.#tally.now - readMark(bytes, mark));
  }

  #compressed(payload: Buffer): void {
    this.#tally.frames++;
    if (this.#options.inflates !== true) {
      this.#tally.events++;
      return;
    }
    const text = inflateRawSync(Buffer.concat([payload, DEFLATE_TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + MARK_BYTES))
      this.#event(text, at);
  }
}

/** The result is NaN when the header is not complete yet. */
function payloadLength(bytes: Buffer, start: number): number {
  const length = (bytes[start + 1] ?? Number.NaN) & LENGTH;
  if (start + 2 > bytes.length) return Number.NaN;
  if (length < 126) return length;
  if (length === 126) return (bytes[start + 2] ?? Number.NaN) * 256 + (bytes[start + 3] ?? Number.NaN);
  return start + 10 > bytes.length ? Number.NaN : Number(bytes.readBigUInt64BE(start + 2));
}

function payloadStart(bytes: Buffer, start: number): number {
  const length = (bytes[start + 1] ?? 0) & LENGTH;
  return start + (length < 126 ? 2 : length === 126 ? 4 : 10);
}
