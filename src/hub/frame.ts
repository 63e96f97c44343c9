import { constants, deflateRawSync } from 'node:zlib';
import type { QueuedDelivery } from '../model/slow-policies/slow-policy.ts';

const FINAL_TEXT = 0x81;
/** RSV1, which permessage-deflate (RFC 7692) sets on a compressed message. */
const COMPRESSED = 0x40;
/** Smaller texts gain nothing from compression. */
const MIN_DEFLATE_BYTES = 1024;
/** A flush appends these bytes to the stream, and a message leaves them out. */
const DEFLATE_TAIL_BYTES = 4;

/**
 * A text as one finished WebSocket frame (RFC 6455 §5.2). Frames of a server are unmasked, so the same bytes serve
 * every connection.
 */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = emptyFrame(FINAL_TEXT, length);
  frame.write(text, frame.length - length);
  return frame;
}

/**
 * A frame for a connection that agreed to permessage-deflate without context. A text of 1 KiB or more is compressed.
 */
export function deflatedFrameOf(text: string): Buffer {
  if (Buffer.byteLength(text) < MIN_DEFLATE_BYTES) return frameOf(text);
  const stream = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  const length = stream.length - DEFLATE_TAIL_BYTES;
  const frame = emptyFrame(FINAL_TEXT | COMPRESSED, length);
  stream.copy(frame, frame.length - length, 0, length);
  return frame;
}

/** The same bytes in memory of their own, so that a cache that keeps them keeps nothing else. */
export function unpooled(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function emptyFrame(first: number, length: number): Buffer {
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = first;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return frame;
}

/** Finished frames that are sent in one write, and how many deliveries they are. */
export interface Chunk extends QueuedDelivery {
  readonly bytes: Buffer;
  readonly deliveries: number;
}

/**
 * Joins frames, in order, into few writes. Each write has at most this many bytes, unless a single frame is larger.
 * `events` says how many events each frame carries, if that is not one.
 */
export function joinFrames(
  frames: readonly Buffer[],
  events: readonly number[] | undefined,
  maxBytes: number,
): Chunk[] {
  if (frames.length === 1) return [chunkOf(frames, events)];
  const chunks: Chunk[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    if (index > start && bytes + frame.length > maxBytes) {
      chunks.push(chunkOf(frames.slice(start, index), events?.slice(start, index)));
      start = index;
      bytes = 0;
    }
    bytes += frame.length;
  }
  if (start < frames.length) chunks.push(chunkOf(frames.slice(start), events?.slice(start)));
  return chunks;
}

function chunkOf(frames: readonly Buffer[], events?: readonly number[]): Chunk {
  const [only] = frames;
  return {
    bytes: frames.length === 1 && only !== undefined ? only : Buffer.concat(frames),
    deliveries: events === undefined ? frames.length : events.reduce((sum, count) => sum + count, 0),
  };
}
