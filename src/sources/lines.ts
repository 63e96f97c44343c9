import { bound } from '../model/bound.ts';

const LF = 0x0a;
const CR = 0x0d;

/** The longest line, in bytes. Its event then fits into every list, and into every hub that takes events of this size. */
export const MAX_LINE_BYTES = bound(
  'bytes of one line that a source publishes',
  256 * 1024,
  'bytes',
  'the rest of the line is left out, and the event says how many bytes it had',
);

/** A line of text. Escape sequences such as colors are kept; bytes that are not UTF-8 became `\uFFFD`. */
export interface Line {
  readonly text: string;
  /** How many bytes at its end were left out, since it was too long. */
  readonly cutBytes?: number;
}

/**
 * Puts lines together from the chunks, frames or parts in which they come. No character is cut where a chunk ends, and no
 * more than the longest line is held.
 */
export class LineJoiner {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #parts: Buffer[] = [];
  /** Bytes of the parts. */
  #held = 0;
  /** Bytes of the present line that are not held. */
  #cut = 0;

  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this chunk. The chunk may be reused afterwards only if it holds the end of its last line. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      this.#hold(chunk.subarray(from, end));
      lines.push(this.#line());
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return lines;
  }

  /** The last line, where no line feed ended it. */
  end(): Line | undefined {
    return this.#held + this.#cut === 0 ? undefined : this.#line();
  }

  #hold(bytes: Buffer): void {
    const room = this.#maxBytes - this.#held;
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#cut += bytes.length - kept.length;
    this.#held += kept.length;
    if (kept.length > 0) this.#parts.push(kept);
  }

  #line(): Line {
    const [only] = this.#parts;
    let bytes = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    let cutBytes = this.#cut;
    this.#parts = [];
    this.#held = this.#cut = 0;
    if (cutBytes === 0 && bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    if (cutBytes > 0) {
      const whole = wholeCharacters(bytes);
      cutBytes += bytes.length - whole.length;
      bytes = whole;
    }
    const text = this.#decoder.decode(bytes);
    return cutBytes === 0 ? { text } : { text, cutBytes };
  }
}

/** The bytes without the begin of a character at their end. */
export function wholeCharacters(bytes: Buffer): Buffer {
  // A character has four bytes at most, of which all but the first begin with the bits 10.
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, -back) : bytes;
  }
  return bytes;
}
