import type { Transport } from '../../src/hub/transport.ts';

/** A transport that keeps all data written to it, and is full or drained when a test says so. */
export class TestTransport implements Transport {
  readonly writes: Buffer[] = [];
  full = false;
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** The transport becomes full by itself after this many bytes since it last drained. */
  capacity = Infinity;
  #held = 0;
  #drained: (() => void) | undefined;

  write(bytes: Buffer): void {
    if (this.closed !== undefined) throw new Error('written to after it was closed');
    this.writes.push(bytes);
    this.#held += bytes.length;
    if (this.#held >= this.capacity) this.full = true;
  }

  onceDrained(run: () => void): void {
    if (this.#drained !== undefined) throw new Error('asked twice to tell when it is drained');
    this.#drained = run;
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) throw new Error('closed twice');
    this.closed = { code, reason };
  }

  /** Behaves as if the kernel had accepted all data. */
  drain(): void {
    this.full = false;
    this.#held = 0;
    const run = this.#drained;
    this.#drained = undefined;
    run?.();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }

  /** All data written so far, as the texts that a client reads. */
  get texts(): string[] {
    return readFrames(this.bytes).map(({ payload }) => payload.toString('utf8'));
  }
}

export interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
  /** How many bytes after the second one encode the length: 0, 2 or 8. */
  readonly lengthBytes: number;
}

/**
 * Reads frames as RFC 6455 §5.2 describes them, independently of the code that wrote them.
 * It throws when bytes are missing or left over, or when a reserved bit is set.
 */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length)
      throw new Error(`the bytes end within a frame, at ${at} of ${bytes.length}`);
    return bytes.subarray(at, (at += count));
  };
  while (at < bytes.length) {
    const [first = 0, second = 0] = take(2);
    if ((first & 0b0111_0000) !== 0) throw new Error('a reserved bit is set');
    const short = second & 0b0111_1111;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length = lengthBytes === 0 ? short : Number(`0x${take(lengthBytes).toString('hex')}`);
    const masked = second >= 0b1000_0000;
    const mask = masked ? take(4) : Buffer.alloc(4);
    const payload = Buffer.from(take(length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    frames.push({ final: first >= 0b1000_0000, opcode: first & 0b1111, masked, payload, lengthBytes });
  }
  return frames;
}
