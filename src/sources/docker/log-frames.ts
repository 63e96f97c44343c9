import { bound } from '../../model/bound.ts';

export type LogStream = 'stdout' | 'stderr';

export interface LogFrame {
  readonly stream: LogStream;
  readonly bytes: Buffer;
}

/** One byte names the stream, three are zero, and four say how many bytes follow. */
const HEADER_BYTES = 8;
/** By that byte. The engine counts what it reads from standard input as output. */
const STREAMS: readonly (LogStream | undefined)[] = ['stdout', 'stdout', 'stderr'];

const FRAME_MAX_BYTES = bound(
  'a frame of the log of a container',
  16 * 1_024 * 1_024,
  'bytes',
  'the log is read again from the last line that was published',
);

/** Takes the frames out of the stream of a log, whose chunks may end anywhere. */
export class FrameReader {
  #rest: Buffer[] = [];
  #size = 0;
  /** Until so many bytes are here, there is no frame to take. */
  #needed = HEADER_BYTES;

  /** The frames that end in this chunk. @throws Error where there is no frame */
  push(chunk: Buffer): LogFrame[] {
    this.#rest.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return [];
    const [only] = this.#rest;
    const bytes = this.#rest.length === 1 && only !== undefined ? only : Buffer.concat(this.#rest);
    const frames: LogFrame[] = [];
    let from = 0;
    for (;;) {
      this.#needed = HEADER_BYTES;
      if (bytes.length - from < HEADER_BYTES) break;
      const { stream, size } = headerAt(bytes, from);
      const end = from + HEADER_BYTES + size;
      this.#needed = end - from;
      if (end > bytes.length) break;
      frames.push({ stream, bytes: bytes.subarray(from + HEADER_BYTES, end) });
      from = end;
    }
    this.#rest = from === bytes.length ? [] : [bytes.subarray(from)];
    this.#size = bytes.length - from;
    return frames;
  }
}

function headerAt(bytes: Buffer, from: number): { readonly stream: LogStream; readonly size: number } {
  const kind = bytes.readUInt8(from);
  const stream = STREAMS[kind];
  const size = bytes.readUInt32BE(from + 4);
  // The engine reports a fault of its own in a frame of kind 3.
  if (kind === 3) throw new Error(bytes.toString('utf8', from + HEADER_BYTES, from + HEADER_BYTES + size));
  if (stream === undefined || bytes.readUIntBE(from + 1, 3) !== 0 || size > FRAME_MAX_BYTES)
    throw new Error('The log has no frames. Expected the log of a container without a terminal.');
  return { stream, size };
}
