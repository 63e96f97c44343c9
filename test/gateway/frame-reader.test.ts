import * as fc from 'fast-check';
import { deflateRawSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FrameReader, type FrameHandler } from '../../src/gateway/sockets/frame-reader.ts';
import { runs } from '../support/runs.ts';

type Heard = readonly [what: string, data?: unknown];

/** What a handler of frames is told, as a list. */
function reading({ inflates = false, inboundMaxBytes = 1_000 } = {}) {
  const heard: Heard[] = [];
  const handler: FrameHandler = {
    inflates,
    inboundMaxBytes,
    onMessage: (data, isBinary) => heard.push([isBinary ? 'binary' : 'text', data.toString('latin1')]),
    onPing: (data) => heard.push(['ping', data.toString('latin1')]),
    onPong: () => heard.push(['pong']),
    onCloseFrame: (code) => heard.push(['close', code]),
    onFault: ({ code }, why) => heard.push([`fault ${code}`, why]),
  };
  return { heard, reader: new FrameReader(handler) };
}

const MASK = [0x11, 0x22, 0x33, 0x44];
const [FINAL, COMPRESSED] = [0x80, 0x40];

/** One frame as a client sends it. The length can be written with more bytes than it needs. */
function frame(first: number, payload: Buffer | string = '', lengthBytes = 0): Buffer {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const size = lengthBytes > 0 ? lengthBytes : length < 126 ? 1 : 3;
  const head = Buffer.alloc(1 + size);
  head[0] = first;
  if (size === 1) head[1] = 0x80 | length;
  else if (size === 3) {
    head[1] = 0xfe;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  const masked = bytes.map((byte, i) => byte ^ (MASK[i % 4] ?? 0));
  return Buffer.concat([head, Buffer.from(MASK), masked]);
}

/** Feeds the bytes in pieces of these sizes, in turn. */
function feed(reader: FrameReader, bytes: Buffer, sizes: readonly number[]): void {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    // A copy, since the reader unmasks in place what it is given.
    reader.read(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
}

describe('frames of a client', () => {
  const part = fc.string({ unit: 'binary-ascii', maxLength: 300 });
  const message = fc.record({
    parts: fc.array(part, { minLength: 1, maxLength: 4 }),
    isBinary: fc.boolean(),
  });

  it('are the same messages into whatever pieces the network cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (messages, sizes, pings) => {
          const { heard, reader } = reading({ inboundMaxBytes: 2_000 });
          const frames = messages.flatMap(({ parts, isBinary }) =>
            parts.flatMap((text, i) => {
              const opcode = i > 0 ? 0 : isBinary ? 2 : 1;
              const whole = frame(opcode | (i === parts.length - 1 ? FINAL : 0), text);
              return pings ? [frame(FINAL | 9, 'p'), whole] : [whole];
            }),
          );
          feed(reader, Buffer.concat(frames), sizes);
          expect(heard.filter(([what]) => what !== 'ping')).toEqual(
            messages.map(({ parts, isBinary }) => [isBinary ? 'binary' : 'text', parts.join('')]),
          );
          expect(reader.isIdle).toBe(true);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('leave a reader idle exactly between two messages', () => {
    const { reader } = reading();
    const states = [frame(1, 'a'), frame(FINAL | 9), frame(0, 'b'), frame(FINAL, 'c'), frame(FINAL | 1, 'd')];
    const idle = states.map((bytes) => {
      reader.read(bytes);
      return reader.isIdle;
    });
    expect(idle).toEqual([false, false, false, true, true]);
    reader.read(frame(FINAL | 1, 'd').subarray(0, 1));
    expect(reader.isIdle).toBe(false);
  });

  it.each([
    ['a reserved bit', frame(FINAL | 0x20 | 1), 1002],
    ['a compressed message where none was agreed', frame(FINAL | COMPRESSED | 1), 1002],
    ['a reserved opcode', frame(FINAL | 3), 1002],
    ['a reserved control opcode', frame(FINAL | 11), 1002],
    ['a continuation of nothing', frame(FINAL), 1002],
    ['a message within a message', Buffer.concat([frame(1), frame(FINAL | 1)]), 1002],
    ['a ping in parts', frame(9), 1002],
    ['a ping of 126 bytes', frame(FINAL | 9, 'x'.repeat(126)), 1002],
    ['a close frame of one byte', frame(FINAL | 8, 'x'), 1002],
    ['a close code that nobody may send', frame(FINAL | 8, Buffer.from([0x03, 0xed])), 1002],
    ['no mask', Buffer.from([FINAL | 1, 0]), 1002],
    ['more bytes than permitted', frame(FINAL | 1, 'x'.repeat(1_001)), 1009],
    [
      'more bytes than permitted in parts',
      Buffer.concat([frame(1, 'x'.repeat(600)), frame(0, 'x'.repeat(401))]),
      1009,
    ],
    ['a length beyond all numbers', Buffer.from([FINAL | 1, 0xff, ...Buffer.alloc(8, 255)]), 1009],
  ])('with %s are refused with %3$s and nothing after them is read', (_what, bytes, code) => {
    const { heard, reader } = reading();
    reader.read(Buffer.concat([bytes, frame(FINAL | 1, 'never')]));
    reader.read(frame(FINAL | 1, 'never'));
    expect(heard).toEqual([[`fault ${code}`, expect.any(String)]]);
  });

  it('that are too large are refused by their head, before their bytes come', () => {
    const { heard, reader } = reading();
    reader.read(frame(FINAL | 1, 'x'.repeat(1_001)).subarray(0, 4));
    expect(heard).toEqual([['fault 1009', 'Max payload size exceeded']]);
  });

  it('may write a length with more bytes than it needs', () => {
    const { heard, reader } = reading();
    reader.read(Buffer.concat([frame(FINAL | 1, 'a', 3), frame(FINAL | 1, 'b', 9)]));
    expect(heard).toEqual([
      ['text', 'a'],
      ['text', 'b'],
    ]);
  });

  it.each([
    ['with a code and a reason', Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('bye')]), 4001],
    ['without a code', Buffer.alloc(0), 1005],
  ])('end with a close frame %s', (_what, payload, code) => {
    const { heard, reader } = reading();
    reader.read(Buffer.concat([frame(FINAL | 8, payload), frame(FINAL | 1, 'never')]));
    expect(heard).toEqual([['close', code]]);
  });

  it('are inflated as a whole where compression was agreed, and refused when they grow beyond the bound', () => {
    const deflated = (text: string): Buffer =>
      deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const { heard, reader } = reading({ inflates: true });
    const hello = deflated('hello '.repeat(9));
    reader.read(
      Buffer.concat([frame(COMPRESSED | 1, hello.subarray(0, 3)), frame(FINAL, hello.subarray(3))]),
    );
    reader.read(frame(FINAL | 1, 'plain'));
    reader.read(frame(FINAL | COMPRESSED | 1, deflated('x'.repeat(1_001))));
    expect(heard).toEqual([
      ['text', 'hello '.repeat(9)],
      ['text', 'plain'],
      ['fault 1009', 'Max payload size exceeded'],
    ]);
    const other = reading({ inflates: true });
    other.reader.read(frame(FINAL | COMPRESSED | 1, 'no deflate'));
    expect(other.heard).toEqual([['fault 1007', expect.any(String)]]);
  });
});
