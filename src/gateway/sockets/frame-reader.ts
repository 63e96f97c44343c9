import { constants, inflateRawSync } from 'node:zlib';
import { CLOSE, type Close } from '../../model/close-codes.ts';

/** What a client sent, in its order. After `onFault` and `onClose` nothing follows. */
export interface FrameHandler {
  /** The largest message, in bytes. */
  readonly inboundMaxBytes: number;
  /** Whether messages may be compressed. */
  readonly inflates: boolean;
  /** A whole message. The bytes of a text are not checked. */
  onMessage(data: Buffer, isBinary: boolean): void;
  onPing(data: Buffer): void;
  onPong(): void;
  /** The client closes with this code, or with {@link NO_CODE}. The payload is that of its close frame. */
  onCloseFrame(code: number, payload: Buffer): void;
  /** The client broke the protocol, and is closed with this code. */
  onFault(close: Pick<Close, 'code'>, why: string): void;
}

const FINAL = 0x80;
const COMPRESSED = 0x40;
const RESERVED = 0x30;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const FIRST_CONTROL = 0x8;
const CLOSING = 0x8;
const PING = 0x9;
const PONG = 0xa;
/** The length of a control frame has one byte (RFC 6455, 5.5). */
const CONTROL_MAX = 125;
const MASK_BYTES = 4;
/** A close frame without a code counts as one with this code (RFC 6455, 7.1.5). */
const NO_CODE = 1005;
/** Codes that may stand in a close frame, besides those of libraries and applications (RFC 6455, 7.4). */
const CODES: ReadonlySet<number> = new Set([
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
]);
/** A sender removes these bytes from the end of a compressed message (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const NOTHING = Buffer.alloc(0);
const INVALID_DATA = { code: 1007 };
/**
 * Reads the frames of one client (RFC 6455, 5). It holds something only in the middle of a frame or of a message, so it can
 * be dropped whenever it {@link isIdle}.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** The beginning of a frame whose end has not come yet, and how many bytes must be there before it is looked at again. */
  readonly #rest = new Growing();
  #needed = 0;
  /** The parts of a message whose last frame has not come yet. The opcode is 0 when there is none. */
  readonly #begun = new Growing();
  #opcode = CONTINUATION;
  #isCompressed = false;
  #isDone = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  get isIdle(): boolean {
    return this.#rest.length === 0 && this.#opcode === CONTINUATION;
  }

  read(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      this.#rest.append(chunk);
      if (this.#rest.length < this.#needed) return;
      bytes = this.#rest.take();
    }
    let at = 0;
    while (!this.#isDone && at < bytes.length) {
      const taken = this.#frame(bytes, at);
      if (taken === 0) break;
      at += taken;
    }
    if (!this.#isDone && at < bytes.length) this.#rest.append(bytes.subarray(at));
  }

  /** Reads one frame. Returns its length, or 0 when its end has not come yet or it must not be read. */
  #frame(bytes: Buffer, start: number): number {
    const left = bytes.length - start;
    if (left < 2) return this.#wait(2);
    const first = bytes[start] as number;
    const second = bytes[start + 1] as number;
    const fault = this.#faultOf(first, second);
    if (fault !== undefined) return this.#fail(CLOSE.protocol, fault);
    let length = second & LENGTH;
    let at = start + 2;
    if (length > CONTROL_MAX) {
      const size = length === CONTROL_MAX + 1 ? 2 : 8;
      if (left < 2 + size) return this.#wait(2 + size);
      length = size === 2 ? bytes.readUInt16BE(at) : Number(bytes.readBigUInt64BE(at));
      at += size;
    }
    const opcode = first & OPCODE;
    if (opcode < FIRST_CONTROL && this.#begun.length + length > this.#handler.inboundMaxBytes)
      return this.#fail(CLOSE.tooBig, 'Max payload size exceeded');
    const end = at + MASK_BYTES + length;
    if (end > bytes.length) return this.#wait(end - start);
    const data = length === 0 ? NOTHING : bytes.subarray(at + MASK_BYTES, end);
    unmask(data, bytes, at);
    if (opcode < FIRST_CONTROL) this.#part(first, data);
    else this.#control(opcode, data);
    return end - start;
  }

  #wait(needed: number): 0 {
    this.#needed = needed;
    return 0;
  }

  #fail(close: Pick<Close, 'code'>, why: string): 0 {
    this.#isDone = true;
    this.#handler.onFault(close, why);
    return 0;
  }

  /** What the first two bytes of a frame break of RFC 6455, 5.2, in the words of the log. */
  #faultOf(first: number, second: number): string | undefined {
    const opcode = first & OPCODE;
    if ((first & RESERVED) !== 0) return 'RSV2 and RSV3 must be clear';
    if (opcode > PONG || (opcode > BINARY && opcode < FIRST_CONTROL)) return `invalid opcode ${opcode}`;
    const isFirst = opcode === TEXT || opcode === BINARY;
    if ((first & COMPRESSED) !== 0 && !(this.#handler.inflates && isFirst)) return 'RSV1 must be clear';
    const continues = this.#opcode !== CONTINUATION;
    if (opcode < FIRST_CONTROL && continues === isFirst) return `invalid opcode ${opcode}`;
    const length = second & LENGTH;
    if (opcode >= FIRST_CONTROL) {
      if ((first & FINAL) === 0) return 'FIN must be set';
      if (length > CONTROL_MAX || (opcode === CLOSING && length === 1))
        return `invalid payload length ${length}`;
    }
    return (second & MASKED) === 0 ? 'MASK must be set' : undefined;
  }

  /** Takes one part of a message, which mostly is the whole message. */
  #part(first: number, data: Buffer): void {
    const opcode = first & OPCODE;
    if (opcode !== CONTINUATION) {
      this.#opcode = opcode;
      this.#isCompressed = (first & COMPRESSED) !== 0;
    }
    const isWhole = this.#begun.length === 0;
    if (!isWhole || (first & FINAL) === 0) this.#begun.append(data);
    if ((first & FINAL) === 0) return;
    const whole = isWhole ? data : this.#begun.take();
    const isBinary = this.#opcode === BINARY;
    this.#opcode = CONTINUATION;
    const message = this.#isCompressed ? this.#inflated(whole) : whole;
    if (message !== undefined) this.#handler.onMessage(message, isBinary);
  }

  #inflated(data: Buffer): Buffer | undefined {
    try {
      return inflateRawSync(Buffer.concat([data, TAIL]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: this.#handler.inboundMaxBytes,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        this.#fail(CLOSE.tooBig, 'Max payload size exceeded');
      else this.#fail(INVALID_DATA, (error as Error).message);
      return undefined;
    }
  }

  #control(opcode: number, data: Buffer): void {
    if (opcode === PING) return this.#handler.onPing(data);
    if (opcode === PONG) return this.#handler.onPong();
    const code = data.length === 0 ? NO_CODE : data.readUInt16BE(0);
    if (data.length > 0 && !CODES.has(code) && (code < 3_000 || code > 4_999))
      return void this.#fail(CLOSE.protocol, `invalid status code ${code}`);
    this.#isDone = true;
    this.#handler.onCloseFrame(code, data);
  }
}

/** Unmasks data in place, by the four bytes at this position (RFC 6455, 5.3). */
function unmask(data: Buffer, bytes: Buffer, at: number): void {
  if (bytes.readUInt32LE(at) === 0) return;
  for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) ^ (bytes[at + (i & 3)] as number);
}

const FIRST_BYTES = 1_024;

/** Bytes that come in parts. They are copied, so that a part of a large read does not keep all of it in memory. */
class Growing {
  #bytes = NOTHING;
  length = 0;

  append(part: Buffer): void {
    const length = this.length + part.length;
    if (length > this.#bytes.length) {
      // It doubles, so that the work grows only with the bytes, into however many parts a client cuts them.
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * length));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    part.copy(this.#bytes, this.length);
    this.length = length;
  }

  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = NOTHING;
    this.length = 0;
    return taken;
  }
}
