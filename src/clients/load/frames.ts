import { constants, inflateRawSync } from 'node:zlib';
import { Histogram } from './histogram.ts';
import { isMark, MARK, MARK_BYTES, readMark } from './mark.ts';

const OPCODE = 0x0f;
/** RSV1, which permessage-deflate (RFC 7692) sets on a compressed message. */
const COMPRESSED = 0x40;
const LENGTH = 0x7f;
/** What a flush appended to the stream, and the message left out. */
const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

export const OPCODES = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** What many sockets heard together. */
export class Tally {
  /** The time of the read that is being counted, in microseconds. */
  now = 0;
  frames = 0;
  events = 0;
  bytes = 0;
  /** From the mark in an event to the read that brought it, in microseconds. */
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
  /** A frame that carries no event. The payload is only good during the call. */
  readonly other: (opcode: number, payload: Buffer) => void;
  /** Looks for more than one event in a frame. */
  readonly batches?: boolean;
  /** Inflates what is compressed; where this is false it counts as one event, its latency unknown. */
  readonly inflates?: boolean;
}

/**
 * Counts the events in the raw bytes of a server's WebSocket frames, by the headers of the frames and the mark in each
 * event: no JSON, no copy, no allocation a frame.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #tally: Tally;
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | undefined;
  /** Where the last event had its mark, from the end: what varies in width stands before it. */
  #markFromEnd = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#tally = options.tally;
  }

  /** Bytes as they came, cut anywhere. They may be overwritten afterwards. */
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

/** NaN when the header has not come as a whole. */
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
