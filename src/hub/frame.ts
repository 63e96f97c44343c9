const FINAL_TEXT = 0x81;

/** One write is cut here, so that no single socket write holds up the others for long. */
const MAX_WRITE_BYTES = 1024 * 1024;

/**
 * A text as one finished WebSocket frame (RFC 6455 §5.2). Frames of a server are unmasked, so the same bytes serve
 * every connection.
 */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL_TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}

/** Finished frames that go out in one write, and how many deliveries they are. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly deliveries: number;
}

/** Frames in order as few writes, each at most {@link MAX_WRITE_BYTES} unless a single frame is larger. */
export function joinFrames(frames: readonly Buffer[]): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    if (index > start && bytes + frame.length > MAX_WRITE_BYTES) {
      chunks.push(chunkOf(frames.slice(start, index), bytes));
      start = index;
      bytes = 0;
    }
    bytes += frame.length;
  }
  if (start < frames.length) chunks.push(chunkOf(start === 0 ? frames : frames.slice(start), bytes));
  return chunks;
}

function chunkOf(frames: readonly Buffer[], bytes: number): Chunk {
  const [only] = frames;
  return {
    bytes: frames.length === 1 && only !== undefined ? only : Buffer.concat(frames, bytes),
    deliveries: frames.length,
  };
}
